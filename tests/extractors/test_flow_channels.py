"""Channels of flow: velocities and paths of a person, in torso lengths, mirrored and reversed."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import detrend

from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.person import dense_flow
from darkhar_cli.extractors.person.body import body_channels
from darkhar_cli.extractors.person.flow_channels import CHANNELS, WORLD, flow_channels, world_channels
from darkhar_cli.extractors.person.flow_input import luma
from darkhar_cli.extractors.person.tracking import Person
from tests.helpers.moving_scenes import scene
from tests.helpers.walking import mirrored

FLOW = Symmetry.of(CHANNELS)


@pytest.fixture(scope="module")
def jumping():
    """A person who goes up and down, and to the left, before a camera that pans and tilts."""
    time = np.arange(30)
    camera = np.stack([0.8 * time, 5 * np.sin(time / 9)], axis=1)
    person = camera + np.stack([-1.0 * time, 12 * np.sin(time / 4)], axis=1)
    frames, points = scene(camera, person)
    return frames, Person(points), camera, person


def test_flow_channels_are_velocities_and_paths_in_torso_lengths(jumping):
    frames, person, camera, place = jumping
    found, steps = flow_channels(frames, 30.0, person)
    assert set(found) == set(FLOW.names)
    unit = person.unit
    own = np.diff(place - camera, axis=0) / 240 * 3 / unit
    for name, expected in zip(("lk_u", "lk_v"), own.T, strict=True):
        np.testing.assert_allclose(np.median(np.abs(found[name][1:] - expected)), 0, atol=0.2 / 240 * 3 / unit)
        assert found[name][0] == found[name][1]
    np.testing.assert_allclose(found["lk_length"][1:], np.hypot(*own.T), atol=0.5 / 240 * 3 / unit)
    np.testing.assert_allclose(steps[:, :2] * 240, np.diff(camera, axis=0), atol=0.15)
    np.testing.assert_array_equal(found["camera_dy"][1:], steps[:, 1])
    path = detrend(gaussian_filter1d((place - camera)[:, 1] / 240 / unit, 1.0))
    np.testing.assert_allclose(found["lk_v_path"], path, atol=0.02 / unit)
    for name in ("dis_v_path", "dis_upper_v_path"):
        assert np.corrcoef(found[name], path)[0, 1] > 0.99
    assert (
        np.corrcoef(found["dis_v"][2:-2], np.gradient(gaussian_filter1d(place[:, 1] - camera[:, 1], 1.0))[2:-2])[0, 1]
        > 0.98
    )


def test_velocities_mean_the_same_at_any_rate(jumping):
    frames, person, *_ = jumping
    usual, _ = flow_channels(frames[:8], 30.0, Person(person.points[:8]))
    twice, _ = flow_channels(frames[:8], 60.0, Person(person.points[:8]))
    for name in FLOW.names:
        factor = 1 if name.endswith("_path") else 2
        np.testing.assert_allclose(twice[name], factor * usual[name], rtol=1e-9, err_msg=name)


def test_the_cameras_motion_is_no_rise_of_the_body():
    """Body and ground go up and down together: in the world nothing does."""
    time = np.arange(24)
    both = np.stack([0 * time, 10 * np.sin(time / 4)], axis=1)
    frames, points = scene(both, both)
    person = Person(points)
    _, camera = flow_channels(frames, 30.0, person)
    body = body_channels(person)
    world = world_channels(body, camera, person)
    assert set(world) == {channel.name for channel in WORLD}
    assert np.ptp(body["centre_y"]) > 15 / 240 / person.unit
    assert np.ptp(world["world_y"]) < 0.25 * np.ptp(body["centre_y"]), "but at the ends, where the body is smoothed"
    zooming = world_channels(body, np.tile([0, 0, 0.01], (23, 1)), person)
    slope = np.diff(zooming["world_size_log"] - body["size_log"])
    np.testing.assert_allclose(slope, -0.01, atol=1e-12)


def close_to(found, expected, names):
    """Assert that channels go together, and are as large, where they are more than noise."""
    for name, one, other in zip(names, found.T, expected.T, strict=True):
        error, size = np.sqrt(np.mean((one - other) ** 2)), np.sqrt(np.mean(other**2))
        assert error < 0.2 * size + 0.02, f"{name}: {error:.3f} of {size:.3f}"


def test_a_mirrored_clip_has_mirrored_channels(jumping):
    frames, person, *_ = jumping
    symmetry = Symmetry.of((*CHANNELS, *WORLD))

    def features(frames, points):
        person = Person(points)
        motion, camera = flow_channels(frames, 30.0, person)
        return symmetry.stack(motion | world_channels(body_channels(person), camera, person))

    usual = features(frames, person.points)
    close_to(features(frames[:, :, ::-1], mirrored(person.points)), symmetry.mirrored(usual), symmetry.names)
    backwards = features(frames[::-1], person.points[::-1])
    close_to(backwards, symmetry.reversed(usual), symmetry.names)
    marks = {"lk_u": 0.05, "lk_v": 0.1, "lk_v_path": 0.1, "dis_u": 0.03, "camera_dx": 0.002}
    assert all(np.abs(usual[:, symmetry.names.index(name)]).max() > least for name, least in marks.items())


def placed(array, offset):
    """Return a copy of an array that begins so many bytes after a multiple of 64 in memory."""
    room = np.empty(array.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def test_features_do_not_depend_on_where_frames_lie_in_memory(jumping, monkeypatch):
    frames, person, *_ = jumping
    frames, person = frames[:5], Person(person.points[:5])
    expected = FLOW.stack(flow_channels(frames, 30.0, person)[0])
    for function in ("cvtColor", "GaussianBlur", "Sobel", "resize"):
        usual = getattr(cv2, function)
        monkeypatch.setattr(cv2, function, lambda *a, usual=usual, **k: placed(usual(*a, **k), offsets[0]))
    for offsets in ([4], [8], [12], [16], [20], [32], [60]):
        found = FLOW.stack(flow_channels(placed(frames, offsets[0] + 1), 30.0, person)[0])
        np.testing.assert_array_equal(found, expected)
        gradient = dense_flow._gradient(placed(luma(frames[0], 160, 0.8), offsets[0]))
        np.testing.assert_array_equal(gradient, dense_flow._gradient(luma(frames[0], 160, 0.8)))
