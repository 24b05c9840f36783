"""What any classifier does with its features first, against the formulas; and layers that adapt, in order."""

import keras
import numpy as np
import pytest

from darkhar_cli.classifiers.blocks.disturbance import ChannelGain, StepNoise
from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.options import InputOptions
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.errors import BadRequest
from darkhar_cli.training import adapt

NAMES = ("a", "b", "c", "d")
TIMELINE = Timeline(4, NAMES, 30.0)


def some_clips():
    """Two batches that differ in length; padding holds rubbish."""
    rng = np.random.default_rng(0)
    batches = []
    for longest in (5, 12):
        mask = np.arange(longest) < rng.integers(2, longest + 1, 6)[:, None]
        features = rng.normal([0, 5, -3, 1], [1, 4, 0.01, 2], (6, longest, 4)).astype(np.float32)
        features[..., 3] = 1.5  # never changes
        batches.append((np.where(mask[..., None], features, 99.0).astype(np.float32), mask))
    return batches


def made(**options):
    features, mask, x = head_inputs(TIMELINE, InputOptions(**options))
    model = keras.Model([features, mask], x)
    adapt.adapt(model, some_clips())
    return model


def valid(batches, function=lambda clip: clip):
    """Return all real steps (steps, C) float64, after a function of each clip (n, C)."""
    clips = [one[real].astype(np.float64) for f, m in batches for one, real in zip(f, m, strict=True)]
    return np.concatenate([function(clip) for clip in clips])


def got(**options):
    model = made(**options)
    return valid([(model.predict_on_batch([f, m]), m) for f, m in some_clips()])


def instance_norm(clip):
    spread = np.where(np.ptp(valid(some_clips()), axis=0) > 0, valid(some_clips()).std(axis=0), 1.0)
    return clip / (clip.std(axis=0) + 0.15 * spread)


def standardized(values):
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 1e-9, spread, 1)


def test_nothing_is_done_unless_asked_for():
    np.testing.assert_array_equal(got(), valid(some_clips()))


def test_channels_are_chosen_by_name_in_the_order_given():
    np.testing.assert_array_equal(got(channels=["c", "a"]), valid(some_clips())[:, [2, 0]])


def test_instance_norm_divides_by_own_and_training_deviation_and_keeps_means():
    expected = valid(some_clips(), instance_norm)
    np.testing.assert_allclose(got(instance_norm=True), expected, rtol=1e-4)
    assert np.abs(expected[:, 2]).min() > 1  # the mean of what moves little is still there


def test_standardize_takes_all_training_steps():
    values = got(standardize=True)
    np.testing.assert_allclose(values, standardized(valid(some_clips())), atol=1e-4)
    np.testing.assert_allclose(values[:, :3].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(values[:, :3].std(axis=0), 1, atol=1e-3)


def test_a_later_layer_adapts_to_what_the_earlier_ones_do():
    both = got(channels=["c", "b"], instance_norm=True, standardize=True, clip=1.5)
    expected = standardized(valid(some_clips(), instance_norm)[:, [2, 1]])
    np.testing.assert_allclose(both, np.clip(expected, -1.5, 1.5), atol=1e-3)
    assert np.abs(both).max() == 1.5


def test_adapting_again_forgets_the_last_fold():
    model = made(instance_norm=True, standardize=True)
    first = model.get_weights()
    adapt.adapt(model, [(f * 3 + 1, m) for f, m in some_clips()])
    assert not np.allclose(model.get_weights()[0], first[0])
    adapt.adapt(model, some_clips())
    for one, other in zip(model.get_weights(), first, strict=True):
        np.testing.assert_array_equal(one, other)


def test_adaptable_layers_are_found_inputs_first():
    model = made(instance_norm=True, standardize=True, clip=2.0)
    assert [layer.name for layer in adapt.adaptable(model)] == ["instance_norm", "standardize"]


@pytest.mark.parametrize(
    ("layer", "spread"), [(lambda: ChannelGain(0.3), "log"), (lambda: StepNoise(0.3), "difference")]
)
def test_disturbances_are_drawn_in_training_alone(layer, spread):
    keras.utils.set_random_seed(0)
    one, ones = layer(), np.ones((400, 6, 5), np.float32)
    np.testing.assert_array_equal(one(ones), ones)
    drawn = [keras.ops.convert_to_numpy(one(ones, training=True)) for _ in range(2)]
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1
    if spread == "log":  # one factor for each channel of each clip
        np.testing.assert_array_equal(drawn[0], drawn[0][:, :1] * ones)
        values = np.log(drawn[0][:, 0])
    else:
        values = drawn[0] - ones
    assert values.std() == pytest.approx(0.3, rel=0.05)
    assert values.mean() == pytest.approx(0, abs=0.03)


def test_gain_and_noise_come_after_normalisation():
    model = made(instance_norm=True, clip=1.0, gain=0.2, noise=0.1)
    names = [layer.name for layer in model.layers if layer.name != "mask"]
    assert names == ["features", "instance_norm", "clip", "gain", "noise"]


@pytest.mark.parametrize(
    ("timeline", "channels", "message"),
    [
        (TIMELINE, ["bb"], r"classifier\.channels: no channel 'bb'; there are a, b, c, d"),
        (Timeline(4), ["a"], r"features have no names; give classifier\.channels=all"),
        (TIMELINE, [], r"classifier\.channels=\[\]: allowed is all, or a list"),
        (TIMELINE, "a", r"classifier\.channels='a': allowed is all, or a list"),
    ],
)
def test_channels_that_are_not_there_are_refused(timeline, channels, message):
    with pytest.raises(BadRequest, match=message):
        head_inputs(timeline, InputOptions(channels))


def test_centre_takes_the_clips_own_mean_off_the_named_channels():
    def expected(clip):
        return clip - clip.mean(axis=0) * np.isin(np.arange(clip.shape[1]), [1])

    np.testing.assert_allclose(got(centre=["b"]), valid(some_clips(), expected), atol=1e-5)
    every = got(centre="all")
    np.testing.assert_allclose(every, valid(some_clips(), lambda clip: clip - clip.mean(axis=0)), atol=1e-5)
