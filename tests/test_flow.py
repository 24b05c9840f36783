"""Optical flow of a person before a moving camera, against scenes whose motion is known."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import detrend

from darkhar_cli.extractors import dense_flow as dense
from darkhar_cli.extractors import sparse_flow as sparse
from darkhar_cli.extractors.body import body_channels
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.dense_flow import dense_flow, fit_camera
from darkhar_cli.extractors.flow_channels import CHANNELS, WORLD, flow_channels, world_channels
from darkhar_cli.extractors.flow_input import boxes, luma, one_thread, pixels, widened
from darkhar_cli.extractors.sparse_flow import sparse_flow
from darkhar_cli.extractors.tracking import Person
from tests.test_pose import mirrored

FLOW = Symmetry.of(CHANNELS)
HEIGHT, WIDTH = 240, 320
PATCH = (100, 60, 80, 120)  # left, top, width, height of the person, in pixels


def texture(height, width, seed, sigma=2.0):
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip((soft - 127) * 3 + 127, 0, 255)


def moved(image, dx, dy, zoom=1.0, size=(WIDTH, HEIGHT)):
    """Return an image whose content moved by dx, dy pixels and grew by `zoom` about the centre."""
    x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
    matrix = np.array([[zoom, 0, x - zoom * x + dx], [0, zoom, y - zoom * y + dy]])
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def scene(camera, person, zoom=1.0):
    """Return frames, and keypoints at the person, from places (T, 2) in pixels of the camera's scene and the person.

    The person's places are where it is in the image, from where it starts.
    """
    ground, body = texture(HEIGHT, WIDTH, 1), texture(HEIGHT, WIDTH, 2, 1.5)
    left, top, width, height = PATCH
    shape = np.zeros((HEIGHT, WIDTH), np.float32)
    shape[top : top + height, left : left + width] = 1
    frames, points = [], np.empty((len(camera), 17, 3))
    inside = np.random.default_rng(3).uniform(0, 1, (17, 2))
    inside[[0, 16]], inside[[5, 6], 1], inside[[11, 12], 1] = [[0, 0], [1, 1]], 0.2, 0.6
    inside = inside * [width, height] + [left, top]
    for i, ((cx, cy), (px, py)) in enumerate(zip(camera, person, strict=True)):
        mask = moved(shape, px, py)[:, :, None]
        image = moved(ground, cx, cy, zoom**i) * (1 - mask) + moved(body, px, py) * mask
        frames.append(np.clip(np.rint(image), 0, 255).astype(np.uint8))
        points[i] = np.concatenate([(inside + np.array([px, py])) / HEIGHT, np.full((17, 1), 0.9)], axis=1)
    return np.stack(frames), points


def steady(dx, dy, frames=8):
    return np.arange(frames)[:, None] * np.array([dx, dy])


def test_sparse_flow_parts_the_camera_from_the_person():
    frames, points = scene(steady(1.5, -0.75), steady(-1.0, 2.0))
    camera, person = sparse_flow(frames, points)
    assert camera.shape == (7, 3)
    assert person.shape == (7, 5)
    np.testing.assert_allclose(camera, np.tile([1.5 / 240, -0.75 / 240, 0], (7, 1)), atol=0.1 / 240)
    own = np.median(person, axis=0)
    np.testing.assert_allclose(own[:2] * 240, [-2.5, 2.75], atol=0.15)
    np.testing.assert_allclose(own[2:4] * 240, np.hypot(2.5, 2.75), atol=0.3)
    assert abs(own[4]) < 0.01


@pytest.mark.parametrize("box", [(100, 60, 180, 160), (0, 0, 30, 240), (290, 200, 320, 240), (50, 50, 50, 50)])
def test_corners_are_those_of_the_whole_image(box):
    image = luma(texture(HEIGHT, WIDTH, 4).astype(np.uint8), WIDTH, 1.0)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 255
    for some in (mask, 255 - mask):
        expected = cv2.goodFeaturesToTrack(image, 60, 0.01, 4, mask=some)
        expected = set() if expected is None else set(map(tuple, expected[:, 0]))
        found = set(map(tuple, sparse._corners(image, some, 60, 4)))
        assert len(found) == len(expected)
        assert len(found & expected) >= 0.95 * len(found), "all but ties, whose last bits OpenCV's vectors decide"


def test_sparse_flow_sees_the_camera_zoom():
    frames, points = scene(steady(0, 0), steady(0, 0), zoom=1.01)
    camera, _ = sparse_flow(frames, points)
    np.testing.assert_allclose(camera[:, 2], np.log(1.01), atol=1e-3)
    np.testing.assert_allclose(camera[:, :2], 0, atol=0.2 / 240)


def test_divergence_is_how_fast_the_person_grows():
    still, points = scene(steady(0, 0, 2), steady(0, 0, 2))
    left, top, width, height = PATCH
    grown = moved(still[0].astype(np.float32), 0, 0)
    x, y = left + width / 2, top + height / 2
    matrix = np.array([[1.03, 0, -0.03 * x], [0, 1.03, -0.03 * y]])
    big = cv2.warpAffine(grown, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    inner = (slice(top, top + height), slice(left, left + width))
    frame = still[0].copy()
    frame[inner] = np.clip(np.rint(big[inner]), 0, 255)
    clip = np.stack([still[0], frame])
    assert sparse_flow(clip, points)[1][0, 4] == pytest.approx(0.03, rel=0.15)
    assert 0.005 < dense_flow(clip, points)[0, 8] < 0.033, "the box holds ground too, which stays"


def test_dense_flow_is_the_persons_alone():
    frames, points = scene(steady(1.5, -0.75), steady(-1.0, 2.0))
    own = np.median(dense_flow(frames, points), axis=0) * 240
    for u, v in own[:8].reshape(4, 2):  # the box is wider than the person, hence less than all of it
        assert -2.6 < u < -1.3
        assert 1.4 < v < 2.85
    resting = np.median(dense_flow(*scene(steady(1.5, -0.75), steady(1.5, -0.75))), axis=0) * 240
    np.testing.assert_allclose(resting[:8], 0, atol=0.1)


def test_dense_flow_knows_the_upper_third():
    frames, points = scene(steady(0, 0, 4), steady(0, 0, 4))
    left, top, width, height = PATCH
    band = texture(height // 3 + 20, width, 5)
    for i in range(4):
        frames[i, top : top + height // 3, left : left + width] = band[2 * i : 2 * i + height // 3]
    u, v, _, upper, _, middle, _, lower, _ = np.median(dense_flow(frames, points), axis=0) * 240
    assert -2 < upper < -0.5
    assert abs(middle) < 0.3
    assert abs(lower) < 0.1
    assert abs(u) < 0.1
    assert lower > v > upper


def test_a_boxs_means_are_weighted_by_the_gradient():
    rng = np.random.default_rng(0)
    flow, arm = rng.normal(size=(2, 31, 20)).astype(np.float32), rng.normal(size=(2, 31, 20)).astype(np.float32)
    weight = rng.uniform(0, 3, (31, 20)).astype(np.float32)
    expected = []
    for a, b in ((0, 31), (0, 10), (10, 21), (21, 31)):
        expected += [np.average(axis[a:b], weights=weight[a:b]) for axis in flow]
    np.testing.assert_allclose(dense._means(flow, weight, arm)[:8], expected, atol=1e-6)
    grows = dense._means(np.float32(0.03) * arm + np.float32(0.2), weight, arm)
    assert grows[8] == pytest.approx(0.03, rel=1e-4)
    assert dense._means(flow, 0 * weight, arm).tolist() == [0] * 9
    assert dense._means(flow[:, :0], weight[:0], arm[:, :0]).tolist() == [0] * 9


def test_the_cameras_fit_forgets_what_does_not_follow():
    arm = dense._arms((120, 160))
    flow = np.array([0.01, -0.02], np.float32)[:, None, None] + np.float32(0.03) * arm
    rng = np.random.default_rng(0)
    wild = rng.random((120, 160)) < 0.25
    flow[:, wild] += rng.normal(0.1, 0.05, (2, wild.sum())).astype(np.float32)
    gradient = rng.uniform(1, 2, (120, 160)).astype(np.float32)
    outside = np.ones((120, 160), bool)
    shift, zoom = fit_camera(flow, arm, gradient, outside)
    np.testing.assert_allclose(shift, [0.01, -0.02], atol=1.5e-3)
    assert zoom == pytest.approx(0.03, abs=4e-3)
    flat, dark = fit_camera(flow, arm, 0 * gradient, outside), fit_camera(flow, arm, gradient, ~outside)
    for shift, zoom in (flat, dark):
        assert [*shift, zoom] == [0, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_medians_are_numpys(n):
    values = np.random.default_rng(n).normal(size=(3, n))
    np.testing.assert_array_equal(dense._median(values), np.median(values, axis=1))


def test_a_box_holds_what_is_seen():
    points = np.zeros((2, 17, 3))
    points[:, :, :2] = np.random.default_rng(0).uniform(0.2, 0.8, (2, 17, 2))
    points[0, :4, 2] = 0.21
    points[1, :5, 2] = 0.21
    points[1, 5:, 2] = 0.2
    for box, some in zip(boxes(points), (points[0], points[1, :5]), strict=True):
        np.testing.assert_array_equal(box, [*some[:, :2].min(axis=0), *some[:, :2].max(axis=0)])
    np.testing.assert_allclose(widened(np.array([0.2, 0.4, 0.6, 1.4]), 0.15), [0.14, 0.25, 0.66, 1.55])
    assert pixels(np.array([-0.1, 0.5, 0.51, 3.0]), (100, 150)) == (slice(50, 100), slice(0, 51))


def test_luma_keeps_shape_and_reaches_its_size():
    frames = texture(90, 120, 0).astype(np.uint8)
    assert luma(frames, 160, 0.8).shape == (120, 160)
    assert luma(np.rot90(frames), 60, 0.8).shape == (60, 45)
    assert luma(frames[:1], 160, 0.8).shape == (16, 160)
    whole = cv2.GaussianBlur(cv2.cvtColor(frames, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    np.testing.assert_array_equal(luma(frames, 120, 1.0), whole)


def test_opencvs_threads_are_given_back():
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        with one_thread():
            with one_thread():
                assert cv2.getNumThreads() == 1
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


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
        gradient = dense._gradient(placed(luma(frames[0], 160, 0.8), offsets[0]))
        np.testing.assert_array_equal(gradient, dense._gradient(luma(frames[0], 160, 0.8)))
