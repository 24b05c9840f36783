"""Where a person is looked for in the next frame, and where it is found."""

import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.data.video import read_frames
from darkhar_cli.extractors.person.keypoints import MoveNet
from darkhar_cli.extractors.person.tracking import follow, next_square, whole_square


def test_where_to_look_next():
    points = np.zeros((17, 3))
    points[:, :2] = [160, 120]
    points[[5, 6], 1] -= 30
    points[0, 1] -= 50
    whole = whole_square(240, 320)
    assert whole == (0, -40, 320)
    assert next_square(points, 240, 320) == whole, "nothing is seen"
    points[[5, 11], 2] = 0.3
    assert next_square(points, 240, 320) == (160 - 57, 120 - 57, 114), "1.9 torsos"
    points[0, 2] = 0.21
    assert next_square(points, 240, 320) == (160 - 60, 120 - 60, 120), "1.2 bodies: the nose is seen"
    points[5, 2] = 0.2
    assert next_square(points, 240, 320) == whole, "no shoulder above .2"
    points[6, 2] = 0.3
    points[0, 1] = 120 - 140
    assert next_square(points, 240, 320) == whole, "wider than the frame"
    points[0, 1] = 100
    points[:, 0] = 310
    assert next_square(points, 240, 320) == (310 - 57, 120 - 57, 114), "it may reach beyond the frame"
    points[:, :2] = [160, 120]
    assert next_square(points, 240, 320) == whole, "all points in one place are nobody"


def test_the_square_is_limited_by_the_farthest_edge():
    points = np.full((17, 3), 0.9)
    points[:, :2] = [50, 50]
    points[5, :2] = [50, 120]  # 1.9 * 70 = 133, but no edge is farther than 100
    assert next_square(points, 100, 150) == whole_square(100, 150)
    points[5, :2] = [50, 80]
    assert next_square(points, 100, 150) == pytest.approx((50 - 57, 50 - 57, 114))
    assert whole_square(150, 100) == (-25, 0, 150)


def test_the_person_is_looked_for_where_it_was_and_found_in_frame_heights():
    answer = np.full((17, 3), 0.5, np.float32)  # y, x, score
    answer[[5, 6], 0] = 0.4
    answer[[15, 16], 0] = 0.6
    squares = []

    def run(square):
        squares.append(square[0])
        return answer

    frames = np.zeros((2, 240, 320, 3), np.uint8)
    frames[:, 100:108, 180:188] = 255  # centre at (184, 104)
    points = follow(frames, MoveNet(run, 192, "", "litert")).points
    for square, (left, top, side) in zip(squares, [(0, -40, 320), (160 - 60.8, 120 - 60.8, 121.6)], strict=True):
        y, x = (np.average(np.arange(192), weights=square[:, :, 0].sum(axis=axis)) + 0.5 for axis in (1, 0))
        assert x * side / 192 + left == pytest.approx(184, abs=0.3)
        assert y * side / 192 + top == pytest.approx(104, abs=0.3)
    np.testing.assert_allclose(points[0, 5], [160 / 240, (-40 + 0.4 * 320) / 240, 0.5], rtol=1e-6)
    np.testing.assert_allclose(points[1, 5], [160 / 240, (120 - 60.8 + 0.4 * 121.6) / 240, 0.5], rtol=1e-6)


def test_tracked_points_are_the_light(fake_tflite):
    """The fake MoveNet's 17 points are one, so that it looks at the whole frame."""
    extractor = registry.get("extractor", "pose")(weights=str(fake_tflite))
    for height, width in ((48, 64), (64, 48)):
        frames = np.zeros((9, height, width, 3), np.uint8)
        frames[:, 30:34, 20:24] = 255
        features = dict(zip(extractor.channels, extractor.function(frames, 30.0).T, strict=True))
        np.testing.assert_allclose(features["hip_frame_y"] * 0.03, 32 / height, atol=0.03)
        np.testing.assert_allclose(features["nose_x"], 0, atol=1e-4)


def test_tracking_sees_a_real_person_more_clearly(real_models, real_clips):
    weights = str(real_models / "movenet_lightning_int8.tflite")
    pose, movenet = (registry.get("extractor", name)(weights=weights) for name in ("pose", "movenet"))
    gamma = np.rint(255 * (np.arange(256) / 255) ** 0.4).astype(np.uint8)
    tracked, padded = [], []
    for name in ("Walk/Walk_3_1", "Sit/Sit_10_1"):
        found = sorted((real_clips / "train" / name.split("/")[0]).glob("*.mp4"))[0]
        frames = gamma[read_frames(found.read_bytes())][:40]
        tracked.append(pose.function(frames, 30.0)[:, list(pose.channels).index("confidence")].mean())
        padded.append(movenet.function(frames.astype(np.float32)).reshape(-1, 17, 3)[:, :, 2].mean())
    assert np.mean(tracked) > 0.3
    assert np.mean(tracked) > np.mean(padded)
