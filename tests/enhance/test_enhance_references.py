"""Enhancements against independent references: OpenCV, SciPy, keras-cv, and their formulas written out again."""

import colorsys

import cv2
import keras
import numpy as np
import pytest
from scipy import ndimage, signal

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest
from tests.helpers.enhanced_frames import (
    ENHANCEMENTS,
    FRAME_WISE,
    WITH_SCOPE,
    chain,
    dark_frames,
    reference_equalizer,
    run,
)

VARIANTS = [(name, {}) for name in ENHANCEMENTS]
VARIANTS += [(name, {"scope": scope}) for name in WITH_SCOPE for scope in ("frame", "clip")]
VARIANTS += [("clahe", {"tiles": 5, "clip_limit": 40.0}), ("agcwd", {"min_gamma": 0.0})]
VARIANTS += [("retinex", {"colour": True, "sigmas": [0.2]}), ("retinex", {"cut": 0})]
VARIANTS += [("denoise", {"window": 5}), ("denoise", {"method": "recursive"})]
VARIANTS += [("dark_norm", {"mean": [20.0, 18.0, 15.0], "deviation": [9.0, 8.0, 7.0]}), ("lime", {"alpha": 0.5})]
# Where small differences of a solver's float32 are divided by dark light: levels.
SOLVED = {"lime": 0.05, "bimef": 0.05}
WHOLE = ("none", "histeq", "clahe")  # what the host way and the graph share to the bit; the others up to float32


def material():
    """Frames of odd sizes, noise, darkness, a clip that flickers, and frames without detail."""
    rng = np.random.default_rng(0)
    flicker = dark_frames() * np.array([1.0, 2.0, 3.5], np.float32)[:, None, None, None]
    given = [rng.integers(0, 256, (3, 37, 53, 3)), rng.gamma(2, 9, (3, 40, 56, 3)), flicker, np.full((2, 8, 8, 3), 7)]
    return [np.clip(frames, 0, 255).astype(np.float32) for frames in (*given, np.zeros((2, 3, 5, 3)))]


@pytest.mark.parametrize(("name", "parameters"), VARIANTS, ids=str)
@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_the_host_way_gives_the_same_numbers(name, parameters, kind):
    part, values = registry.get("enhance", name), chain(name, **parameters)[0][1]
    for frames in material():
        given = frames.astype(kind)
        before = given.copy()
        got = part.host(given, **values)
        assert got.dtype in (np.uint8, np.float32)
        np.testing.assert_array_equal(given, before)
        expected = run(name, given, **parameters)
        np.testing.assert_allclose(
            got.astype(np.float32), expected, atol=0 if name in WHOLE else SOLVED.get(name, 2e-3)
        )


@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize("name", FRAME_WISE)
def test_the_host_way_takes_frames_apart_to_the_bit(name, kind):
    values = chain(name, **({"scope": "frame"} if name in WITH_SCOPE else {}))[0][1]
    host = registry.get("enhance", name).host
    for frames in material():
        whole = host(frames.astype(kind), **values)
        for i in range(len(frames)):
            np.testing.assert_array_equal(host(frames[i : i + 1].astype(kind), **values), whole[i : i + 1])


@pytest.mark.parametrize("name", WITH_SCOPE)
def test_with_clip_scope_what_stands_still_keeps_its_light(name):
    """A bright square enters a static scene: each frame's own statistics change, the clip's do not."""
    clip = np.repeat(dark_frames(1, 48, 64), 4, axis=0)
    still = run(name, clip, scope="clip")
    np.testing.assert_array_equal(still, np.repeat(still[:1], 4, axis=0))
    for i in range(1, 4):
        clip[i, 4:20, 4 : 4 + 8 * i] = 220
    corner = np.s_[:, 40:, 56:]
    flicker = {scope: np.ptp(run(name, clip, scope=scope)[corner], axis=0).max() for scope in ("frame", "clip")}
    if name == "clahe":  # of tiles: the square is far from this corner
        flicker = {scope: np.ptp(run(name, clip, scope=scope)[:, 16:24, 28:32], axis=0).max() for scope in flicker}
    if name == "retinex":  # the surround is local, the square's light reaches everywhere
        assert flicker["clip"] < flicker["frame"]
    elif name == "bimef":  # so is the illumination; the exposure is chosen by dark pixels alone
        assert flicker["clip"] == flicker["frame"] < 10
    else:
        assert flicker["clip"] == 0
        assert flicker["frame"] > 2


def coloured(height, width):
    rng = np.random.default_rng(height * width)
    return np.clip(rng.gamma(2.0, 20.0, (2, height, width, 3)) * [1.0, 0.8, 0.5], 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(48, 64), (50, 61), (48, 61), (9, 13)], ids=str)
@pytest.mark.parametrize(("clip_limit", "tiles"), [(2.0, 8), (40.0, 4), (3.3, 5)])
def test_clahe_is_opencvs_on_luma(size, clip_limit, tiles):
    frames = coloured(*size)
    tool = cv2.createCLAHE(clip_limit, (tiles, tiles))
    expected = []
    for frame in frames:
        y, cr, cb = cv2.split(cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb))
        expected.append(cv2.cvtColor(cv2.merge([tool.apply(y), cr, cb]), cv2.COLOR_YCrCb2RGB))
    got = run("clahe", frames, clip_limit=clip_limit, tiles=tiles)
    assert np.abs(got - np.stack(expected)).max() <= 1
    grey = np.repeat(frames[..., :1], 3, axis=-1)
    expected = np.stack([tool.apply(frame[..., 0]) for frame in grey])
    difference = np.abs(run("clahe", grey, clip_limit=clip_limit, tiles=tiles)[..., 0] - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 0.001


def test_clahe_of_a_clip_is_its_definition():
    clip = np.repeat(coloured(16, 24)[..., :1], 3, axis=-1)
    clip[1] //= 2
    maps = np.empty((2, 2, 256))
    for row in range(2):
        for column in range(2):
            tile = clip[:, 8 * row : 8 * row + 8, 12 * column : 12 * column + 12, 0]
            counts = np.bincount(tile.ravel(), minlength=256)
            limit = int(3.0 * tile.size / 256)
            excess = int((counts - np.minimum(counts, limit)).sum())
            counts = np.minimum(counts, limit) + excess // 256
            counts[:: 256 // (excess % 256)][: excess % 256] += 1
            maps[row, column] = np.rint(np.cumsum(counts) * 255 / tile.size)
    places = np.stack(np.meshgrid(np.arange(16) / 8 - 0.5, np.arange(24) / 12 - 0.5, indexing="ij"))
    expected = np.zeros(clip.shape[:3])
    for level in np.unique(clip):
        mapped = ndimage.map_coordinates(maps[..., level], places, order=1, mode="nearest")
        expected += np.where(clip[..., 0] == level, mapped, 0)
    got = run("clahe", clip, clip_limit=3.0, tiles=2, scope="clip")
    assert np.abs(got[..., 0] - expected).max() <= 0.51


def test_clahe_keeps_colour():
    frames = coloured(48, 64) // 2 + 40  # no channel saturates
    before, after = frames.astype(np.float32), run("clahe", frames)
    assert np.abs(after - before).max() > 5
    np.testing.assert_array_equal(after[..., 0] - after[..., 2], before[..., 0] - before[..., 2])


@pytest.mark.parametrize("scope", ["frame", "clip"])
def test_histeq_of_a_clip_is_keras_cvs_of_its_frames_side_by_side(scope):
    frames = coloured(40, 56)
    frames[1] //= 3
    equalizer = reference_equalizer()
    given = np.concatenate(frames)[None] if scope == "clip" else frames
    expected = np.stack([keras.ops.convert_to_numpy(equalizer(one)) for one in given]).reshape(frames.shape)
    np.testing.assert_array_equal(run("histeq", frames, scope=scope), expected)


@pytest.mark.parametrize("scope", ["frame", "clip"])
def test_adaptive_gamma_is_the_formula(scope):
    frames = dark_frames() * np.array([0.5, 1.0, 3.0], np.float32)[:, None, None, None]
    luma = frames.astype(np.float64) @ [0.299, 0.587, 0.114] / 255
    mean = luma.mean(axis=(1, 2)) if scope == "frame" else np.repeat(luma.mean(), 3)
    exponent = (np.log(0.3) / np.log(mean))[:, None, None, None]
    assert (exponent > 0.2).all()
    assert (exponent < 1).all()
    expected = 255 * (frames.astype(np.float64) / 255) ** exponent
    np.testing.assert_allclose(run("adaptive_gamma", frames, target=0.3, scope=scope), expected, atol=1e-3)


@pytest.mark.parametrize(
    ("level", "after"), [(51, 102), (10, 102), (1, 255 * 255**-0.2), (150, 150), (255, 255), (0, 0)]
)
def test_adaptive_gamma_takes_even_frames_to_the_target(level, after):
    out = run("adaptive_gamma", np.full((2, 8, 8, 3), level, np.uint8), target=0.4)
    np.testing.assert_allclose(out, after, atol=1e-3)


@pytest.mark.parametrize("v", [1.0, 30.0, 255.0])
def test_log_is_the_formula(v):
    frames = dark_frames()
    expected = 255 * np.log(1 + v * frames.astype(np.float64) / 255) / np.log(1 + v)
    np.testing.assert_allclose(run("log", frames, v=v), expected, atol=1e-3)
    np.testing.assert_allclose(run("log", np.full((1, 2, 2, 3), 255, np.uint8), v=v), 255, atol=1e-3)


@pytest.mark.parametrize("scope", ["frame", "clip"])
@pytest.mark.parametrize("min_gamma", [0.0, 0.5])
def test_agcwd_is_the_formula_on_v(scope, min_gamma):
    frames = coloured(12, 16)
    frames[1] //= 2
    got = run("agcwd", frames, alpha=0.6, min_gamma=min_gamma, scope=scope)
    for i, frame in enumerate(frames):
        seen = frames if scope == "clip" else frame
        share = np.bincount(seen.max(axis=-1).ravel(), minlength=256) / seen[..., 0].size
        weighted = share.max() * ((share - share.min()) / (share.max() - share.min())) ** 0.6
        for y, x in np.ndindex(frame.shape[:2]):
            hue, saturation, value = colorsys.rgb_to_hsv(*frame[y, x].tolist())
            exponent = max(1 - weighted[: value + 1].sum() / weighted.sum(), min_gamma)
            expected = colorsys.hsv_to_rgb(hue, saturation, 255 * (value / 255) ** exponent)
            np.testing.assert_allclose(got[i, y, x], expected, atol=2e-3)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("sigmas", [[0.1], [0.03, 0.16, 0.5]])
@pytest.mark.parametrize("scope", ["frame", "clip"])
def test_retinex_is_the_formula(colour, sigmas, scope):
    frames = coloured(40, 52).astype(np.float64)
    frames[1] /= 3
    ratio = np.zeros_like(frames)
    for sigma in sigmas:
        for i, channel in np.ndindex(2, 3):
            plane = frames[i, ..., channel] + 1
            smooth = [
                ndimage.gaussian_filter(p, 40 * sigma, mode="constant", radius=60) for p in (plane, plane * 0 + 1)
            ]
            ratio[i, ..., channel] += (np.log(plane) - np.log(smooth[0] / smooth[1])) / len(sigmas)
    if colour:
        ratio *= np.log(125 * (frames + 1)) - np.log((frames + 1).sum(-1, keepdims=True))
    seen = ratio[:, ::4, ::4]
    axes = None if scope == "clip" else (1, 2, 3)
    low = np.percentile(seen, 1, axis=axes, keepdims=True, method="lower")
    high = np.percentile(seen, 99, axis=axes, keepdims=True, method="higher")
    expected = np.clip((ratio - low) / (high - low) * 255, 0, 255)
    got = run("retinex", frames.astype(np.float32), sigmas=sigmas, colour=colour, scope=scope)
    np.testing.assert_allclose(got, expected, atol=0.01)


@pytest.mark.parametrize("window", [3, 5, 9])
def test_denoise_median_is_scipys(window):
    clip = dark_frames(7)
    expected = ndimage.median_filter(clip, size=(window, 1, 1, 1), mode="nearest")
    np.testing.assert_array_equal(run("denoise", clip, window=window), expected)


@pytest.mark.parametrize("weight", [0.2, 1.0])
def test_denoise_recursive_is_a_first_order_filter(weight):
    clip = dark_frames(7).astype(np.float64)
    expected, _ = signal.lfilter([weight], [1, weight - 1], clip, axis=0, zi=(1 - weight) * clip[:1])
    got = run("denoise", clip.astype(np.float32), method="recursive", weight=weight)
    np.testing.assert_allclose(got, expected, atol=1e-3)
    np.testing.assert_array_equal(got[0], clip[0])


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("adaptive_gamma", "target", [0, 1, "0.4"]),
        ("adaptive_gamma", "scope", ["video", None]),
        ("agcwd", "alpha", [0, 1.5]),
        ("agcwd", "min_gamma", [-0.1, 1.1]),
        ("clahe", "clip_limit", [0, -1.0]),
        ("clahe", "tiles", [0, 65, 2.5]),
        ("denoise", "method", ["mean"]),
        ("denoise", "window", [1, 4, 11]),
        ("denoise", "weight", [0, 1.01]),
        ("histeq", "scope", ["clips"]),
        ("log", "v", [0, -1]),
        ("retinex", "sigmas", [[], [0.0], [0.1, -1], [0.1] * 4, 0.1]),
        ("retinex", "cut", [-1, 50, 1.5]),
        ("retinex", "colour", [1]),
    ],
)
def test_values_out_of_bounds_are_refused(name, parameter, values):
    schema.check_group("enhance", {name: schema.options("enhance")[name].defaults})
    for value in values:
        with pytest.raises(BadRequest, match=rf"enhance\.{name}\.{parameter}="):
            schema.check_group("enhance", {name: chain(name, **{parameter: value})[0][1]})
