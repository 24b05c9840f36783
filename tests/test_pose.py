"""The tracked person and the body's channels, against slow references and in every kind of clip."""

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import detrend

from darkhar_cli import registry
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors import smoothing
from darkhar_cli.extractors.body import CHANNELS, body_channels
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.keypoints import KEYPOINTS, MoveNet, opposite
from darkhar_cli.extractors.tracking import Person, follow, next_square, whole_square
from darkhar_cli.video import read_frames

BODY = Symmetry.of(CHANNELS)
SWAPPED = [KEYPOINTS.index(opposite(name)) for name in KEYPOINTS]
CLIP_WIDE = {"pose": 70, "flow": 21, "pose_flow": 93}


def walk_of(frames=40, seed=0):
    """Keypoints of a body that drifts and shakes, (T, 17, 3), in a frame 4/3 wide."""
    rng = np.random.default_rng(seed)
    stand = np.array([0.2, 0.18, 0.18, 0.19, 0.19, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.55, 0.55, 0.7, 0.7, 0.9, 0.9])
    points = np.empty((frames, 17, 3))
    points[:, :, 0] = 0.6 + 0.1 * rng.normal(size=17) + np.linspace(0, 0.2, frames)[:, None]
    points[:, :, 1] = stand + 0.05 * np.sin(np.arange(frames) / 4)[:, None]
    points[:, :, :2] += rng.normal(0, 0.02, (frames, 17, 2))
    points[:, :, 2] = rng.uniform(0, 0.9, (frames, 17))
    return points


def mirrored(points, width=4 / 3):
    return np.concatenate([width - points[:, SWAPPED, :1], points[:, SWAPPED, 1:]], axis=2)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 50])
def test_smoothing_is_scipys(length):
    signal = np.random.default_rng(length).normal(size=(length, 3))
    for sigma in (1.0, 1.5):
        expected = gaussian_filter1d(signal, sigma, axis=0)
        np.testing.assert_allclose(smoothing.gaussian(signal, sigma), expected, atol=1e-12)
    np.testing.assert_array_equal(smoothing.running_median(signal, 7), median_filter(signal, (7, 1)))
    expected = detrend(signal[:, 0]) if length > 1 else np.zeros(1)
    np.testing.assert_allclose(smoothing.without_trend(signal[:, 0]), expected, atol=1e-12)


def test_steps_stand_at_frames():
    steps = np.array([1.0, 2.0, 4.0])
    assert smoothing.path(steps).tolist() == [0, 1, 3, 7]
    assert smoothing.at_frames(steps).tolist() == [1, 1, 2, 4]
    for filtered in (smoothing.path(steps[:0]), smoothing.at_frames(steps[:0])):
        assert filtered.tolist() == [0]
    assert smoothing.gaussian_at_frames(steps[:0], 1.0).tolist() == [0]
    fine = gaussian_filter1d(np.repeat(np.random.default_rng(0).normal(size=30), 2), 2.0)  # half frames
    coarse = fine[::2]
    np.testing.assert_allclose(
        smoothing.gaussian_at_frames(coarse, 1.0)[8:-8], gaussian_filter1d(fine, 2.0)[1::2][7:-8], atol=0.02
    )
    np.testing.assert_allclose(
        smoothing.gaussian_at_frames(-coarse[::-1], 1.0), -smoothing.gaussian_at_frames(coarse, 1.0)[::-1], atol=1e-12
    )


def test_smoothed_points_are_weighted_by_their_scores():
    points = walk_of()
    person = Person(points)
    weight = np.maximum(points[:, :, 2:], 0.02) ** 2
    expected = gaussian_filter1d(weight * points[:, :, :2], 1.5, axis=0) / gaussian_filter1d(weight, 1.5, axis=0)
    np.testing.assert_allclose(person.smooth, expected, rtol=1e-10)
    torso = [math.dist((f[5] + f[6]) / 2, (f[11] + f[12]) / 2) for f in expected]
    assert person.unit == pytest.approx(np.median(torso))
    assert Person(points * [0.01, 0.01, 1]).unit == 0.03


def slow_channels(points):
    """Every channel by its formula, frame by frame."""
    person = Person(points)
    unit, found = person.unit, {name: [] for name in BODY.names}
    for smooth, raw in zip(person.smooth, points, strict=True):
        at = dict(zip(KEYPOINTS, smooth.tolist(), strict=True))

        def middle(joint, at=at):
            return [(at[f"left_{joint}"][i] + at[f"right_{joint}"][i]) / 2 for i in (0, 1)]

        def cosine(a, b, c, at=at):
            one = [p - q for p, q in zip(at[a], at[b], strict=True)]
            two = [p - q for p, q in zip(at[c], at[b], strict=True)]
            return sum(p * q for p, q in zip(one, two, strict=True)) / math.hypot(*one) / math.hypot(*two)

        hip, shoulder = middle("hip"), middle("shoulder")
        head = sum(at[name][1] for name in KEYPOINTS[:5]) / 5
        mean = smooth.mean(axis=0)
        knees = [cosine(f"{s}_hip", f"{s}_knee", f"{s}_ankle") for s in ("left", "right")]
        now = {
            "centre_y": (hip[1] + shoulder[1]) / 2 / unit,
            "centre_x": (hip[0] + shoulder[0]) / 2 / unit,
            "foot_y": middle("ankle")[1] / unit,
            "head_y": head / unit,
            "torso_log": math.log(math.dist(hip, shoulder) / unit),
            "size_log": math.log(math.sqrt(sum(math.dist(p, mean) ** 2 for p in smooth) / 17) / unit + 0.001),
            "elbow_cos": sum(cosine(f"{s}_shoulder", f"{s}_elbow", f"{s}_wrist") for s in ("left", "right")) / 2,
            "knee_cos": sum(knees) / 2,
            "knee_cos_max": max(knees),
            "hip_cos": sum(cosine(f"{s}_shoulder", f"{s}_hip", f"{s}_knee") for s in ("left", "right")) / 2,
            "head_height": (hip[1] - head) / unit,
            "knee_drop": (middle("knee")[1] - hip[1]) / unit,
            "ankle_drop": (middle("ankle")[1] - hip[1]) / unit,
            "wrist_drop": (middle("wrist")[1] - shoulder[1]) / unit,
            "extent_x": (smooth[:, 0].max() - smooth[:, 0].min()) / unit,
            "extent_y": (smooth[:, 1].max() - smooth[:, 1].min()) / unit,
            "lean": abs(shoulder[0] - hip[0]) / unit,
            "hip_frame_y": hip[1] / unit,
            "confidence": sum(raw[:, 2]) / 17,
        }
        for joint in ("wrist", "ankle", "shoulder", "hip"):
            now[f"{joint}_spread"] = abs(at[f"left_{joint}"][0] - at[f"right_{joint}"][0]) / unit
            now[f"{joint}_dx"] = (at[f"left_{joint}"][0] - at[f"right_{joint}"][0]) / unit
            now[f"{joint}_dy"] = (at[f"left_{joint}"][1] - at[f"right_{joint}"][1]) / unit
        for name in KEYPOINTS:
            now[f"{name}_x"], now[f"{name}_y"] = ((p - q) / unit for p, q in zip(at[name], hip, strict=True))
            now[f"{name}_frame_y"] = at[name][1] / unit
        for name, values in found.items():
            if not name.endswith("_detrended"):
                values.append(now[name])
    for name in ("centre_y", "centre_x", "foot_y", "head_y"):
        found[name] = np.array(found[name]) - np.median(found[name])
    for name in ("centre_y", "head_y"):
        found[f"{name}_detrended"] = detrend(found[name])
    return found


def test_body_channels_are_their_formulas():
    points = walk_of()
    found, expected = body_channels(Person(points)), slow_channels(points)
    assert set(found) == set(BODY.names)
    for name in BODY.names:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-9, err_msg=name)


def test_a_mirror_and_time_reversal_do_to_channels_what_they_do_to_points():
    points = walk_of()
    features = BODY.stack(body_channels(Person(points)))
    flipped = BODY.stack(body_channels(Person(mirrored(points))))
    np.testing.assert_allclose(BODY.mirrored(features), flipped, atol=2e-6)
    backwards = BODY.stack(body_channels(Person(points[::-1])))
    np.testing.assert_allclose(BODY.reversed(features), backwards, atol=2e-6)
    changed = np.abs(flipped - features).max(axis=0)
    still = {name for name, change in zip(BODY.names, changed, strict=True) if change < 1e-5}
    assert {"ankle_dx", "wrist_dx", "shoulder_dx", "centre_y", "lean"} <= still
    assert not {"ankle_dy", "wrist_dy", "centre_x", "nose_x", "left_ankle_frame_y"} & still


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


def clips():
    rng = np.random.default_rng(0)
    shapes = {
        "usual": (6, 240, 320),
        "one": (1, 48, 64),
        "two": (2, 48, 64),
        "tall": (4, 320, 240),
        "tiny": (4, 16, 16),
    }
    shapes |= {"4k": (2, 2160, 3840), "flat": (3, 2, 64), "dot": (3, 1, 1)}
    made = {name: rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for name, shape in shapes.items()}
    return made | {"black": np.zeros((5, 48, 64, 3), np.uint8), "constant": np.full((5, 48, 64, 3), 200, np.uint8)}


@pytest.mark.parametrize("name", CLIP_WIDE)
def test_any_clip_gives_finite_channels_the_same_in_every_thread(name, fake_tflite):
    extractor = registry.get("extractor", name)(weights=str(fake_tflite))
    made = clips()
    before = cv2.getNumThreads()
    alone = {key: extractor.function(clip, 25.0) for key, clip in made.items()}
    for key, features in alone.items():
        assert features.shape == (len(made[key]), CLIP_WIDE[name]), key
        assert features.dtype == np.float32
        assert np.isfinite(features).all(), key
    keys = [*made, *reversed(made)]
    try:
        cv2.setNumThreads(before + 2)
        with ThreadPoolExecutor(4) as workers:
            for key, again in zip(
                keys, workers.map(lambda key: extractor.function(made[key], 25.0), keys), strict=True
            ):
                assert again.tobytes() == alone[key].tobytes(), key
        assert cv2.getNumThreads() == before + 2
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("name", CLIP_WIDE)
def test_what_an_extractor_says_of_itself(name, fake_tflite, fake_saved_model, tmp_path):
    part = registry.get("extractor", name)
    lite, saved = (part(weights=str(path)) for path in (fake_tflite, fake_saved_model))
    assert lite.symmetry.names == lite.channels
    assert (lite.scope, lite.longest, lite.runtime, saved.runtime) == ("clip", 640, "litert", "tensorflow")
    assert lite.weights_hash != saved.weights_hash
    clip = clips()["two"]
    np.testing.assert_allclose(lite.function(clip, 30.0), saved.function(clip, 30.0), atol=1e-3)
    assert registry.source_hash("extractor", name) == registry.file_hash(part, *part.sources)
    (tmp_path / "wrong.tflite").write_bytes(b"no network" * 50)
    with pytest.raises(BadRequest, match=r"wrong\.tflite is no MoveNet"):
        part(weights=str(tmp_path / "wrong.tflite"))
    with pytest.raises(BadRequest, match="no such file or folder; get MoveNet"):
        part(weights="/nowhere/movenet.tflite")


@pytest.mark.parametrize("confidence", [True, False])
def test_movenets_own_symmetry(fake_tflite, confidence):
    extractor = registry.get("extractor", "movenet")(weights=str(fake_tflite), confidence=confidence)
    frames = np.zeros((3, 48, 64, 3), np.float32)
    frames[:, 20:30, 10:20] = 200
    features = extractor.function(frames)
    np.testing.assert_allclose(extractor.symmetry.mirrored(features), extractor.function(frames[:, :, ::-1]), atol=1e-3)
    np.testing.assert_array_equal(extractor.symmetry.reversed(features), features[::-1])
    names = list(extractor.channels)
    marked = np.arange(len(names), dtype=np.float32)[None] / 100
    moved = extractor.symmetry.mirrored(marked)[0]
    assert moved[names.index("left_ankle_y")] == marked[0, names.index("right_ankle_y")]
    assert moved[names.index("left_ankle_x")] == pytest.approx(1 - marked[0, names.index("right_ankle_x")])
    assert moved[names.index("nose_x")] == pytest.approx(1 - marked[0, names.index("nose_x")])


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
