"""What the small convolutional network sees: frames, or what changed between them."""

import keras
import numpy as np
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.conv_small import conv_small
from darkhar_cli.models.layers import PerFrame
from darkhar_cli.training.modes import resolve_mode

SMALL = {"size": [16, 20], "filters": 4, "features": 8}


def frames(count, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (count, 16, 20, 3)).astype(np.float32)


def built(input):
    keras.utils.set_random_seed(0)
    return conv_small(input=input, **SMALL)


def beside(now, before):
    return np.concatenate([now, before], axis=-1)


@pytest.mark.parametrize("input", ["difference", "both"])
def test_a_pair_is_a_sampled_frame_and_the_one_before_it(input):
    extractor = built(input)
    clips = np.stack([frames(4, 1), frames(4, 2)])
    expected = [
        [extractor.model(beside(clip[t], clip[max(0, t - 1)])[None]).numpy()[0] for t in range(4)] for clip in clips
    ]
    np.testing.assert_allclose(PerFrame(extractor.model)(clips), expected, rtol=1e-4, atol=1e-5)
    alone = PerFrame(extractor.model)(clips[:, :1])
    np.testing.assert_allclose(alone, np.array(expected)[:, :1], rtol=1e-4, atol=1e-5)


def seen(model, pair):
    """Return what the first convolution is given of a pair of frames."""
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    return keras.Model(model.input, first.input)(pair[None]).numpy()[0]


def test_what_stays_has_no_difference_however_bright_it_is():
    model = built("difference").model
    still, moving = frames(2)
    np.testing.assert_array_equal(seen(model, beside(still, still)), 0)
    np.testing.assert_allclose(seen(model, beside(0.3 * still, still)), 0, atol=0.01)
    changed = seen(model, beside(moving, still))
    standardised = [(f - f.mean(axis=(0, 1))) / np.sqrt(f.var(axis=(0, 1)) + 1) for f in (moving, still)]
    np.testing.assert_allclose(changed, standardised[0] - standardised[1], atol=1e-4)


def test_both_has_the_frame_too():
    model = built("both").model
    one, other = frames(2)
    found = seen(model, beside(one, other))
    rgb, difference = (seen(built(input).model, x) for input, x in (("rgb", one), ("difference", beside(one, other))))
    np.testing.assert_allclose(found, np.concatenate([rgb, difference], axis=-1), atol=1e-6)


def test_frames_alone_are_the_networks_of_before():
    """Three channels, and the same first weights whatever is new."""
    extractor = built("rgb")
    assert (extractor.scope, extractor.model.input_shape) == ("frame", (None, 16, 20, 3))
    np.testing.assert_array_equal(extractor.model.get_weights()[0], conv_small_weights())


def conv_small_weights():
    keras.utils.set_random_seed(0)
    layer = keras.layers.Conv2D(4, 5, strides=2, padding="same", use_bias=False)
    layer.build((None, 16, 20, 3))
    return layer.get_weights()[0]


def test_weights_of_another_input_do_not_fit(tmp_path):
    path = tmp_path / "rgb.weights.h5"
    built("rgb").model.save_weights(path)
    with pytest.raises(BadRequest, match="does not fit extractor 'conv_small'"):
        conv_small(input="both", weights=str(path), **SMALL)


def test_pairs_are_no_features_of_single_frames():
    extractor = built("difference")
    assert extractor.scope == "pair"
    assert resolve_mode("auto", extractor) == ("end_to_end", "conv_small learns")
    with pytest.raises(BadRequest, match="conv_small sees each sampled frame with the one before it"):
        resolve_mode("features", extractor)
    extractor.model.trainable = False
    assert resolve_mode("auto", extractor)[0] == "end_to_end"
