"""Augmentations of frames are keras-cv's layers, alike in all frames of a clip."""

import numpy as np
import pytest
from scipy.special import ndtri

from darkhar_cli import registry
from darkhar_cli.augment.contract import Draw
from tests.helpers.augmented_clips import CLIP, NAMES, draws_of

FRAMES = [name for name in NAMES if registry.get("augment", name).scope == "frames"]
STILL = np.repeat(CLIP[:1], 4, axis=0)


@pytest.fixture(scope="module")
def made():
    """Every augmentation of frames, built once: each traces its graph."""
    return {name: registry.get("augment", name)() for name in FRAMES}


def numbers(draw):
    """Return what a clip's graph is given."""
    return draw.uniform((128,)).astype(np.float32)


@pytest.mark.parametrize("name", FRAMES)
def test_a_clip_does_not_flicker(name, made):
    changed = 0
    for draw in draws_of(name, 30):
        found = made[name].frames(STILL, 0, draw)
        np.testing.assert_array_equal(found, np.repeat(found[:1], len(found), axis=0))
        np.testing.assert_array_equal(found[0], made[name].frames(STILL[:1], 0, draw)[0])
        changed += (found != STILL).any()
    assert changed >= 25


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("level", [0, 77, 255])
def test_an_empty_frame_stays_finite(name, level, made):
    clip = np.full((2, 18, 24, 3), level, np.float32)
    for draw in draws_of(name, 30):
        found = made[name].frames(clip, 0, draw)
        assert np.isfinite(found).all()
        assert ((found >= 0) & (found <= 255)).all()


@pytest.mark.parametrize("name", FRAMES)
def test_frame_augmentations_work_in_a_deterministic_process_of_mixed_precision(name, made):
    import tensorflow as tf

    from darkhar_cli import device

    draw = Draw(3, 0, "a")
    expected = made[name].frames(CLIP, 0, draw)
    tf.config.experimental.enable_op_determinism()
    try:
        with device.precision("mixed_float16"):
            found = registry.get("augment", name)().frames(CLIP, 0, draw)
    finally:
        device.allow_nondeterminism()
    np.testing.assert_array_equal(found, expected)


def test_crop_is_keras_cvs_of_each_frame(made):
    import keras_cv

    layer = keras_cv.layers.RandomCropAndResize((18, 24), (0.6, 1.0), (0.75, 1.33), seed=1)
    for draw in draws_of("crop", 5):
        area, aspect, down, right = numbers(draw)[:4] * [0.4, 0.58, 1, 1] + [0.6, 0.75, 0, 0]
        height, width = min(1, (area / aspect) ** 0.5), min(1, (area * aspect) ** 0.5)
        top, left = down * (1 - height), right * (1 - width)
        expected = [layer.augment_image(x, [[top, left, top + height, left + width]]).numpy() for x in CLIP]
        np.testing.assert_allclose(made["crop"].frames(CLIP, 0, draw), expected, atol=0.01)


def test_a_crop_of_everything_is_the_clip():
    whole = registry.get("augment", "crop")(area=1.0, aspect=1)
    np.testing.assert_allclose(whole.frames(CLIP, 0, Draw(0, 0, "a")), CLIP, atol=1e-3)


def test_jitter_is_keras_cvs_of_each_frame(made):
    import keras_cv

    for draw in draws_of("jitter", 5):
        shift, factor, colour = (numbers(draw)[:3] * [0.2, 0.6, 0.2] + [-0.1, 0.7, 0.4]).tolist()
        layers = [
            keras_cv.layers.RandomBrightness((shift, shift), seed=1),
            keras_cv.layers.RandomContrast((0, 255), (1 - factor, factor - 1), seed=1),
            keras_cv.layers.RandomSaturation((colour, colour), seed=1),
        ]
        for frame, found in zip(CLIP, made["jitter"].frames(CLIP, 0, draw), strict=True):
            expected = frame
            for layer in layers:
                expected = layer(expected)
            np.testing.assert_allclose(found, expected, atol=0.01)


def test_a_jitter_of_nothing_is_the_clip():
    nothing = registry.get("augment", "jitter")(brightness=0, contrast=0, saturation=0)
    np.testing.assert_allclose(nothing.frames(CLIP, 0, Draw(0, 0, "a")), CLIP, atol=1e-3)


def test_cutout_hides_one_rectangle():
    hidden = registry.get("augment", "cutout")(height=[0.5, 0.5], width=0.25, level=9)
    for draw in draws_of("cutout", 8):
        x, y = np.floor(numbers(draw)[:2] * [24, 18]).astype(int)
        expected = CLIP.copy()
        expected[:, max(0, y - 4) : y + 5, max(0, x - 3) : x + 3] = 9  # 9 of 18 rows, 6 of 24 columns
        np.testing.assert_array_equal(hidden.frames(CLIP, 0, draw), expected)


def policy_layer(number, drawn, magnitude):
    """Return RandAugment's own layer with the factors that these numbers mean, for those that change no shapes."""
    import keras_cv

    normal, layers = magnitude + 0.15 * ndtri(drawn), keras_cv.layers
    factor, shift = 1 + magnitude * (2 * drawn[5] - 1), magnitude * (2 * drawn[6] - 1)
    addition, threshold = 110 * np.clip(normal[2], 0, 1), 255 * np.clip(1 - magnitude + 0.15 * ndtri(drawn[3]), 0, 1)
    colour = np.clip(normal[4], 0, 1)
    return [
        lambda: layers.AutoContrast((0, 255), seed=1),
        lambda: layers.Equalization((0, 255), seed=1),
        lambda: layers.Solarization((0, 255), (addition, addition), (threshold, threshold), seed=1),
        lambda: layers.RandomColorDegeneration((colour, colour), seed=1),
        lambda: layers.RandomContrast((0, 255), (1 - factor, factor - 1), seed=1),
        lambda: layers.RandomBrightness((shift, shift), seed=1),
    ][number]()


def test_rand_augment_takes_keras_cvs_layers():
    step, met = registry.get("augment", "rand_augment")(augmentations=1, rate=1.0, magnitude=0.4), set()
    whole = np.rint(CLIP)
    for draw in draws_of("rand_augment", 60):
        drawn = numbers(draw).astype(float)
        number = int(drawn[1] * 10)
        if number < 6:
            layer = policy_layer(number, drawn, 0.4)
            expected = [layer(frame).numpy() for frame in whole]
            np.testing.assert_allclose(step.frames(whole, 0, draw), expected, atol=0.02, err_msg=str(number))
            met.add(number)
    assert met == set(range(6))


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_rand_augments_rate(rate):
    step = registry.get("augment", "rand_augment")(augmentations=2, rate=rate, geometric=False)
    found = step.frames(CLIP, 0, Draw(0, 0, "a"))
    assert (found == CLIP).all() == (rate == 0)
