"""What sets the attention, transformer, convolution and recurrent heads apart, against NumPy where it is a formula."""

import keras
import numpy as np
import pytest

from darkhar_cli.classifiers.attention import AttentionPooling
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.classifiers.tcn import tcn
from darkhar_cli.classifiers.transformer import ClassToken, TokenMask, transformer
from darkhar_cli.errors import BadRequest
from darkhar_cli.registry import get

TIMELINE = Timeline(5)


def some_clips(n=4, steps=8):
    rng = np.random.default_rng(0)
    mask = np.arange(steps) < np.array([steps, 5, 1, 3])[:n, None]
    return rng.normal(size=(n, steps, 5)).astype(np.float32) * mask[..., None], mask


def test_attention_is_a_mean_with_learned_weights():
    features, mask = some_clips()
    layer = AttentionPooling(7)
    pooled = layer(features, mask)
    weights = keras.ops.convert_to_numpy(layer.weights_of(features, mask))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (weights[~mask] == 0).all()
    v, w = (np.array(weight, np.float64) for weight in (layer.v, layer.w))
    for one, real, given, found in zip(features.astype(np.float64), mask, weights, pooled, strict=True):
        score = np.exp(np.tanh(one[real] @ v) @ w)[:, 0]
        np.testing.assert_allclose(given[real], score / score.sum(), rtol=1e-4)
        np.testing.assert_allclose(found, score / score.sum() @ one[real], rtol=1e-4, atol=1e-5)


def test_positions_are_sines_and_cosines_behind_a_token():
    steps = np.zeros((2, 50, 6), np.float32)
    layer = ClassToken()
    found = keras.ops.convert_to_numpy(layer(steps))
    assert found.shape == (2, 51, 6)
    np.testing.assert_array_equal(found[:, 0], np.broadcast_to(np.array(layer.token)[0], (2, 6)))
    angle = np.arange(50)[:, None] / 10_000 ** (np.arange(0, 6, 2) / 6)
    np.testing.assert_allclose(found[0, 1:], np.concatenate([np.sin(angle), np.cos(angle)], axis=1), atol=1e-5)


def test_none_looks_at_padding():
    _, mask = some_clips()
    seen = keras.ops.convert_to_numpy(TokenMask()(mask))
    assert seen.shape == (4, 9, 9)
    for one, real in zip(seen, mask, strict=True):
        np.testing.assert_array_equal(one, np.broadcast_to([True, *real], (9, 9)))


def test_a_transformer_has_the_blocks_asked_for():
    model = transformer(TIMELINE, 3, blocks=2, heads=2, width=12, dropout=0.0)
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.MultiHeadAttention)]
    assert [(layer.num_heads, layer.key_dim) for layer in found] == [(2, 6), (2, 6)]
    assert model(list(some_clips())).shape == (4, 3)


@pytest.mark.parametrize(("width", "heads"), [(10, 4), (9, 3)])
def test_a_width_that_does_not_fit_the_heads_is_refused(width, heads):
    with pytest.raises(BadRequest, match=rf"classifier\.width={width} with classifier\.heads={heads}"):
        transformer(TIMELINE, 3, width=width, heads=heads)


def test_convolutions_are_dilated_and_pooled_over_real_steps():
    keras.utils.set_random_seed(0)
    model = tcn(TIMELINE, 3, filters=6, kernel=3, dilations=[1, 4])
    kernels = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]
    assert [layer.dilation_rate for layer in kernels] == [(1,), (4,)]
    features, mask = some_clips()
    logits = keras.ops.convert_to_numpy(model([features, mask]))
    for one, real, found in zip(features.astype(np.float64), mask, logits, strict=True):
        x = one[real]
        for layer in kernels:
            kernel, far = np.array(layer.kernel, np.float64), layer.dilation_rate[0]
            wide = np.pad(x, ((far, far), (0, 0)))
            taps = [wide[i * far : i * far + len(x)] @ kernel[i] for i in range(3)]
            x = np.maximum(sum(taps) + np.array(layer.bias), 0)
        pooled = np.concatenate([x.mean(axis=0), x.max(axis=0)])
        last = model.get_layer("logits")
        np.testing.assert_allclose(found, pooled @ np.array(last.kernel) + np.array(last.bias), atol=1e-5)


def test_convolutions_that_are_none_are_refused():
    with pytest.raises(BadRequest, match=r"classifier\.dilations=\[\]"):
        tcn(TIMELINE, 3, dilations=[])


def test_a_channel_is_dropped_for_a_whole_clip():
    model = tcn(TIMELINE, 3, spatial_dropout=0.5)
    layer = next(one for one in model.layers if isinstance(one, keras.layers.SpatialDropout1D))
    dropped = keras.ops.convert_to_numpy(layer(np.ones((50, 8, 5), np.float32), training=True))
    assert set(np.unique(dropped)) == {0.0, 2.0}
    np.testing.assert_array_equal(np.ptp(dropped, axis=1), 0)


def test_two_directions_are_one_and_its_mirror():
    keras.utils.set_random_seed(0)
    model = get("classifier", "bilstm")(TIMELINE, 3, units=4, dense=[])
    features, mask = some_clips()
    both = next(layer for layer in model.layers if isinstance(layer, keras.layers.Bidirectional))
    found = keras.ops.convert_to_numpy(both(features, mask=mask))
    both.backward_layer.set_weights(both.forward_layer.get_weights())
    turned = np.stack([np.roll(one[::-1], real.sum() - 8, axis=0) for one, real in zip(features, mask, strict=True)])
    same = keras.ops.convert_to_numpy(both(turned, mask=mask))
    np.testing.assert_allclose(same[:, 4:], found[:, :4], atol=1e-5)
