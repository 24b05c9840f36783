"""What moves, located without a model: against scenes whose mover is known, and in every kind of clip."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from darkhar_cli.data.video import read_frames
from darkhar_cli.extractors.motion_flow import motion_flow
from darkhar_cli.extractors.person import mover
from darkhar_cli.extractors.person.mover import Mover, locate
from darkhar_cli.extractors.person.mover_channels import box_channels, swing_channels, swings
from tests.helpers.moving_scenes import HEIGHT, PATCH, WIDTH, scene, steady, texture

STILL = steady(0, 0, 24)
LEFT, TOP, SIDE, TALL = (value / HEIGHT for value in PATCH)


def overlap(box, true):
    """Return the intersection over the union of boxes (T, 4)."""
    sides = np.minimum(box[:, 2:], true[:, 2:]) - np.maximum(box[:, :2], true[:, :2])
    both = np.prod(np.maximum(sides, 0), axis=1)
    return both / (sum(np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (box, true)) - both)


def true_boxes(places):
    corner = np.array([LEFT, TOP]) + np.asarray(places) / HEIGHT
    return np.concatenate([corner, corner + np.array([SIDE, TALL])], axis=1)


def swaying(frames=24, reach=30):
    time = np.arange(frames)
    return np.stack([reach * np.sin(time / 5), 8 * np.sin(time / 3)], axis=1)


@pytest.fixture(scope="module")
def extract():
    return motion_flow().function


@pytest.fixture(scope="module")
def swayed():
    return scene(STILL, swaying())[0]


@pytest.mark.parametrize("light", [1.0, 0.12])
@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_the_mover_is_where_it_was_drawn(swayed, light, noise):
    """A fifth as bright, and with a sensor's noise, it is still the same mover."""
    rng = np.random.default_rng(0)
    dark = swayed * light + rng.normal(0, noise, swayed.shape)
    found = locate(np.clip(np.rint(dark), 0, 255).astype(np.uint8))
    assert np.median(overlap(found.box, true_boxes(swaying()))) > 0.65
    assert found.unit == pytest.approx(TALL, rel=0.2)
    assert not found.camera.any()


def test_a_camera_that_pans_is_no_mover():
    time = np.arange(24)
    camera = np.stack([2.0 * time, -0.8 * time], axis=1)
    found = locate(scene(camera, camera + swaying())[0])
    assert np.median(overlap(found.box, true_boxes(camera + swaying()))) > 0.5
    np.testing.assert_allclose(found.camera[:, :2] * HEIGHT, camera, atol=3)
    still = box_channels(found)
    np.testing.assert_allclose(
        still["centre_x"] * found.unit * HEIGHT, swaying()[:, 0] - np.median(swaying()[:, 0]), atol=16
    )


def test_noise_alone_moves_nothing_and_a_lamps_flicker_neither():
    background = scene(STILL[:1], STILL[:1])[0][0].astype(np.float32) * 0.3
    rng = np.random.default_rng(0)
    for frames in (
        [background + rng.normal(0, 3, background.shape) for _ in range(12)],
        [background * (1 + 0.05 * (-1) ** i) for i in range(12)],
    ):
        views = mover._Views(np.clip(np.rint(np.stack(frames)), 0, 255).astype(np.uint8))
        assert max(views.evidence(t).mean() for t in range(12)) < 0.01


@pytest.mark.parametrize("action", ["walk", "sit", "jump"])
def test_people_of_dark_synth_are_found(action):
    from darkhar_datasets.dark_synth.film import Clip, Film

    film = Film(Clip(5, 1, action, 0, (45, 45), "arid", level=0.6, variety=0.1))
    points = film.keypoints()[:, :, 1::-1] / HEIGHT
    true = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    found = locate(read_frames(film.shoot("dark")))
    centre, expected = ((box[:, :2] + box[:, 2:]) / 2 for box in (found.box, true))
    tall = (true[:, 3] - true[:, 1]).max()
    assert np.median(np.linalg.norm(centre - expected, axis=1)) < 0.2 * tall
    assert 0.5 * tall < found.unit < 1.4 * tall
    if action == "sit":
        assert np.corrcoef(found.box[:, 1], true[:, 1])[0, 1] > 0.7, "the head goes down"


def degenerate():
    rng = np.random.default_rng(0)
    grain = rng.integers(0, 255, (6, 48, 64, 3), dtype=np.uint8)
    ground = texture(60, 100, 3).astype(np.uint8)
    two = np.zeros((12, 48, 64, 3), np.uint8)
    for i in range(12):
        two[i, 10:30, 2 * i : 2 * i + 8], two[i, 20:44, 50 - 2 * i : 58 - 2 * i] = 200, 120
    return {
        "one frame": grain[:1],
        "two frames": grain[:2],
        "nothing but noise": grain,
        "nothing moves": np.repeat(grain[:1], 6, axis=0),
        "black": np.zeros((6, 48, 64, 3), np.uint8),
        "white": np.full((6, 48, 64, 3), 255, np.uint8),
        "two movers": two,
        "two movers in tiny frames": two[:, ::2, ::2][:, :, :32],
        "a panning camera": np.stack([ground[:48, 3 * i : 3 * i + 64] for i in range(12)]),
        "a shaking camera": np.stack([ground[y : y + 48, x : x + 64] for y, x in rng.integers(0, 12, (8, 2))]),
        "upright": np.ascontiguousarray(np.rot90(two, axes=(1, 2))),
        "one is switched on": np.concatenate([np.zeros((3, 48, 64, 3), np.uint8), grain[:3]]),
        "three pixels high": grain[:, :3],
    }


@pytest.mark.parametrize("case", degenerate())
def test_every_clip_has_finite_channels(extract, case):
    clip = degenerate()[case]
    for fps in (30.0, 12.5, 0.0, 120.0):
        found = extract(clip, fps)
        assert found.shape == (len(clip), 56)
        assert np.isfinite(found).all()
        assert np.abs(found).max() < 1e3


def test_of_two_movers_the_box_is_the_stronger_ones():
    frames = np.full((16, 96, 128, 3), 40, np.uint8)
    for i in range(16):
        frames[i, 30:70, 8 + 3 * i : 24 + 3 * i], frames[i, 10:18, 116 - i : 122 - i] = 180, 120
    true = np.array([[8 + 3 * i, 30, 24 + 3 * i, 70] for i in range(16)]) / 96
    found = locate(frames).box
    assert np.median(overlap(found, true)) > 0.6
    assert found[:, 1].min() > 18 / 96, "below the other one"


def test_where_nothing_moves_the_box_is_the_frame():
    found = locate(degenerate()["nothing moves"])
    np.testing.assert_allclose(found.box, np.tile([0, 0, 64 / 48, 1], (6, 1)), atol=1e-6)
    assert found.evenly(None) is found


def test_turned_clips_have_turned_channels(extract, swayed):
    """As of `pose_flow`: not to the bit, for corners are followed from the earlier frame."""
    symmetry = motion_flow().symmetry
    usual = extract(swayed)
    for turn, expected in (
        (np.s_[:, :, ::-1], symmetry.mirrored(usual)),
        (np.s_[::-1], symmetry.reversed(usual)),
    ):
        found = extract(np.ascontiguousarray(swayed[turn]))
        for name, one, other in zip(symmetry.names, found.T, expected.T, strict=True):
            error, size = np.sqrt(np.mean((one - other) ** 2)), np.sqrt(np.mean(other**2))
            assert error < 0.25 * size + 0.05, f"{name}: {error:.3f} of {size:.3f}"


def test_the_box_itself_turns_almost_exactly(swayed):
    usual = locate(swayed).box
    np.testing.assert_allclose(locate(swayed[::-1]).box, usual[::-1], atol=1e-6)
    mirrored = locate(np.ascontiguousarray(swayed[:, :, ::-1])).box
    np.testing.assert_allclose(mirrored[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [WIDTH / HEIGHT, 0] * 2, usual, atol=0.02)


def test_bytes_do_not_depend_on_threads(extract, swayed):
    clips = [swayed[:8], swayed[8:16], degenerate()["two movers"]]
    expected = [extract(clip).tobytes() for clip in clips]
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        with ThreadPoolExecutor(6) as pool:
            assert [found.tobytes() for found in pool.map(extract, clips * 2)] == expected * 2
    finally:
        cv2.setNumThreads(before)


class Endless:
    """Many frames that are drawn when they are looked at."""

    def __init__(self, frames):
        self.frames = frames

    def __len__(self):
        return self.frames

    def __getitem__(self, t):
        frame = np.full((90, 120, 3), 40, np.uint8)
        frame[30:70, (3 * t) % 100 : (3 * t) % 100 + 15] = 200
        return frame


def test_memory_does_not_grow_with_the_clip():
    peaks = []
    for length in (60, 180):
        tracemalloc.start()
        locate(Endless(length))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize(("hertz", "band"), [(0.7, 0), (1.2, 1), (1.8, 2), (2.4, 3), (3.0, 4), (5.0, 5)])
@pytest.mark.parametrize("fps", [15.0, 30.0, 59.94])
def test_swings_are_in_the_band_of_their_frequency(hertz, band, fps):
    time = np.arange(round(3 * fps)) / fps
    signal = np.sin(2 * np.pi * hertz * time)
    found = swings("z", signal, fps)
    names = [channel.name for channel in swing_channels("z")]
    assert [*found] == names
    shares = np.stack([found[f"z_band_{i}"] for i in range(6)])
    assert (shares.mean(axis=1).argmax(), shares.sum(axis=0) <= 1 + 1e-9) == (band, pytest.approx(True))
    louder = swings("z", 2 * signal, fps)
    np.testing.assert_allclose(louder["z_power_log"] - found["z_power_log"], np.log(4), atol=0.05)
    for name, values in swings("z", signal[::-1], fps).items():
        np.testing.assert_allclose(values[::-1], found[name], atol=1e-9, err_msg=name)
    ramp = swings("z", time**2 - 3 * time, fps)
    np.testing.assert_allclose(ramp["z_power_log"], np.log(0.0101), atol=1e-9, err_msg="a trend is no swing")


def test_swings_are_those_of_the_moment():
    time = np.arange(300) / 30
    slow_then_fast = np.where(time < 5, np.sin(2 * np.pi * 1.2 * time), np.sin(2 * np.pi * 3.0 * time))
    found = swings("z", slow_then_fast, 30.0)
    assert (found["z_band_1"][:100] > 0.8).all()
    assert (found["z_band_4"][-100:] > 0.8).all()


def test_the_boxs_channels_are_in_its_height():
    box = np.array([[0.2, 0.3, 0.4, 0.7], [0.3, 0.3, 0.5, 0.7], [0.4, 0.4, 0.6, 0.8]])
    camera = np.array([[0, 0, 0], [0.1, 0, 0], [0.2, 0.1, 0]])
    found = box_channels(Mover(box, camera))
    np.testing.assert_allclose(found["box_height"], 1)
    np.testing.assert_allclose(found["box_width"], 0.5)
    np.testing.assert_allclose(found["box_area_log"], np.log(0.5))
    for name in ("centre_x", "centre_y", "top_y", "bottom_y"):
        np.testing.assert_allclose(found[name], 0, atol=1e-12, err_msg="the camera alone moves")
    np.testing.assert_allclose(box_channels(Mover(box, 0 * camera))["centre_x"], [-0.25, 0, 0.25])
