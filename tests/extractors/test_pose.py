"""The tracked person and the body's channels, against slow references and in every kind of clip."""

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import detrend

from darkhar_cli import registry
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.person.body import CHANNELS, body_channels
from darkhar_cli.extractors.person.keypoints import KEYPOINTS
from darkhar_cli.extractors.person.tracking import Person
from tests.helpers.walking import mirrored, walk_of

BODY = Symmetry.of(CHANNELS)
CLIP_WIDE = {"pose": 70, "flow": 21, "pose_flow": 93}


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
