"""Clip statistics against NumPy's and SciPy's own transforms, fits, correlations and percentiles of each clip."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import get_window

from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.classifiers.statistics import statistics
from darkhar_cli.errors import BadRequest

FLOW = ("lk_u", "lk_v", "lk_length", "lk_length_p90", "lk_divergence")
NAMES = (*FLOW, "hip", "knee")
LENGTHS = (105, 33, 61, 2, 1, 3, 7, 10)
BANDS = ((0.4, 0.9), (0.9, 1.5), (1.5, 2.1), (2.1, 2.7), (2.7, 3.6), (3.6, 6))
NOTHING = {"spectra": [], "change": [], "net": [], "means": []}


def some_clips(seed=0):
    """Walks that swing and drift, as poses do; padding holds rubbish."""
    rng = np.random.default_rng(seed)
    longest = max(LENGTHS) + 4
    mask = np.arange(longest) < np.array(LENGTHS)[:, None]
    t = np.arange(longest) / 30
    swing = np.sin(2 * np.pi * rng.uniform(0.5, 5, (len(LENGTHS), 1, 7)) * t[:, None] + rng.uniform(0, 6, 7))
    values = rng.normal(size=swing.shape) * 0.1 + swing * rng.uniform(0.02, 1, 7) + 2 * (t[:, None] - 1) ** 2 - 1
    values[..., 2:4] = np.abs(values[..., 2:4])
    return np.where(mask[..., None], values, 9.0).astype(np.float32), mask


def taken(timeline=None, clips=None, **parameters):
    """Return the names and the statistics (clips, S) of a head that is asked for some."""
    model = statistics(timeline or Timeline(7, NAMES, 30.0), 3, **NOTHING | parameters)
    layer = model.get_layer("statistics")
    found = layer(*map(keras.ops.convert_to_tensor, clips or some_clips()))
    return layer.names, keras.ops.convert_to_numpy(found)


def each(function, clips=None):
    """Return what a NumPy function of one clip (n, F) float64 says of each."""
    features, mask = clips or some_clips()
    return np.stack([function(one[real].astype(np.float64)) for one, real in zip(features, mask, strict=True)])


def nine(z):
    """Nine numbers of one channel's spectrum, by polynomial fit and the 512-point transform at 30 steps a second."""
    n = len(z)
    t = np.linspace(-1, 1, n)
    parabola = np.polynomial.polynomial.polyfit(t, z, 2) if n > 2 else None
    z = z * 0 if parabola is None else z - np.polynomial.polynomial.polyval(t, parabola)
    p = np.abs(np.fft.rfft(z * get_window("hann", n, fftbins=False), 512)) ** 2 / n
    f = np.fft.rfftfreq(512, 1 / 30)
    kept = (f >= 0.4) & (f <= 6)
    p, f = p[kept], f[kept]
    shares = [p[(f >= low) & (f < high)].sum() / (p.sum() + 1e-4) for low, high in BANDS]
    return [np.log(p.sum() + 0.0101), (f * p).sum() / (p.sum() + 1e-4), f[np.where(p > 1e-8, p, 0).argmax()], *shares]


def change(x):
    fifth = max(1, len(x) // 5)
    return x[-fifth:].mean(axis=0) - x[:fifth].mean(axis=0)


def amounts(x):
    u, v, length, p90, divergence = (x[:, i] for i in range(5))
    mean_u, mean_v = np.abs(u).mean(), np.abs(v).mean()
    first = [np.log(abs(u.mean()) + 0.05), np.log(mean_u + 0.02), np.log(mean_v + 0.02), v.mean()]
    first += [np.log(length.mean() + 0.02), np.log(p90.mean() + 0.02), abs(divergence.mean())]
    return [*first, np.log((mean_v + 0.02) / (mean_u + 0.02)), np.log(np.percentile(np.abs(v), 95) + 0.02)]


@pytest.mark.parametrize("seed", range(3))
def test_spectra_are_those_of_the_512_point_transform(seed):
    clips = some_clips(seed)
    names, got = taken(clips=clips, spectra=["hip", "lk_v"])
    expected = each(lambda x: [*nine(x[:, 5]), *nine(x[:, 1])], clips)
    np.testing.assert_allclose(got, expected, atol=1e-3)
    kinds = ["power", "centroid", "peak", *(f"share_{low:g}_{high:g}" for low, high in BANDS)]
    assert names == [f"spectrum.{channel}.{kind}" for channel in ("hip", "lk_v") for kind in kinds]


@pytest.mark.parametrize("fps", [15.0, 24.0, 60.0])
def test_spectra_find_a_swing_at_any_rate(fps):
    t = np.arange(int(4 * fps)) / fps
    clips = (np.sin(2 * np.pi * 2.4 * t)[None, :, None].astype(np.float32), np.ones((1, len(t)), bool))
    names, got = taken(Timeline(1, ("z",), fps), clips, spectra="all")
    found = dict(zip(names, got[0], strict=True))
    assert found["spectrum.z.peak"] == pytest.approx(2.4, abs=0.05)
    assert found["spectrum.z.centroid"] == pytest.approx(2.4, abs=0.05)
    assert found["spectrum.z.share_2.1_2.7"] > 0.95


def test_a_drift_is_no_swing():
    t = np.arange(300, dtype=np.float32) / 30
    drift = np.stack([np.full(300, 3), 5 * t - 9, 0.3 * t * t - t + 2], axis=-1)[None].astype(np.float32)
    _, got = taken(Timeline(3, ("a", "b", "c"), 30.0), (drift, np.ones((1, 300), bool)), spectra="all")
    np.testing.assert_allclose(got.reshape(3, 9)[:, 0], np.log(0.0101), atol=1e-4)
    np.testing.assert_allclose(np.delete(got.reshape(3, 9)[:, 1:], 1, axis=1), 0, atol=1e-3)


def test_change_net_and_means():
    names, got = taken(change="all", net=["hip"], means=["knee", "lk_u"])
    path = lambda x: abs(change(x)[5]) / (np.abs(np.diff(x[:, 5])).sum() + 0.1)  # noqa: E731
    expected = each(lambda x: [*change(x), path(x), x[:, 6].mean(), x[:, 0].mean()])
    np.testing.assert_allclose(got, expected, atol=1e-4)
    assert names == [*(f"change.{name}" for name in NAMES), "net.hip", "mean.knee", "mean.lk_u"]


def test_correlations_are_of_gradients():
    features, mask = some_clips()
    features[..., 0] *= -1  # all drift one way otherwise
    names, got = taken(clips=(features, mask), correlations=["hip:knee", "hip:lk_u", "|hip:lk_u|"])
    longer = np.array(LENGTHS) > 2  # two steps have one gradient, twice

    def expected(x):
        move = np.gradient(x, axis=0)
        same, against = (np.corrcoef(move[:, 5], move[:, i])[0, 1] for i in (6, 0))
        return [same, against, abs(against)]

    np.testing.assert_allclose(got[longer], each(expected, (features[longer], mask[longer])), atol=1e-4)
    np.testing.assert_allclose(got[~longer], 0, atol=1e-6)
    assert names == ["correlation.hip:knee", "correlation.hip:lk_u", "correlation.|hip:lk_u|"]
    assert (got[:, 1] < -0.01).any()


def test_a_channel_that_stands_still_correlates_with_none():
    features, mask = some_clips()
    features[..., 5] = 0.7
    _, got = taken(clips=(features, mask), correlations=["hip:knee", "hip:hip"])
    np.testing.assert_array_equal(got, 0)


def test_amounts_of_flow():
    names, got = taken(flow_amounts=True)
    np.testing.assert_allclose(got, each(amounts), atol=1e-4)
    assert names[0] == "flow.log_abs_mean_u"
    assert len(names) == 9


def test_features_without_names_are_numbered():
    clips = some_clips()
    names, got = taken(Timeline(7), clips, change="all", means="all")
    np.testing.assert_allclose(got, each(lambda x: [*change(x), *x.mean(axis=0)], clips), atol=1e-4)
    assert names[:2] == ["change.0", "change.1"]


def test_channels_narrow_what_all_means():
    model = statistics(Timeline(7, NAMES), 3, channels=["knee", "hip"], change=[], net=[])
    assert model.get_layer("statistics").names == ["mean.knee", "mean.hip"]
    inner = keras.Model(model.inputs, model.get_layer("statistics").output)
    expected = each(lambda x: [x[:, 6].mean(), x[:, 5].mean()])
    np.testing.assert_allclose(inner(list(some_clips())), expected, atol=1e-5)


def test_half_precision_leaves_statistics_as_they_are():
    asked = {"spectra": "all", "change": "all", "correlations": ["hip:knee"], "flow_amounts": True}
    expected = taken(**asked)[1]
    keras.config.set_dtype_policy("mixed_float16")
    try:
        got = taken(**asked)[1]
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(got, expected)


def test_an_extractor_before_them_has_a_slope_even_where_nothing_moves():
    features, mask = tf.fill((2, 12, 7), 0.5), tf.fill((2, 12), True)
    asked = {"correlations": ["hip:knee"], "flow_amounts": True, "instance_norm": True, "solver": "gradient"}
    model = statistics(Timeline(7, NAMES, 30.0), 3, spectra="all", **asked)
    with tf.GradientTape() as tape:
        tape.watch(features)
        loss = tf.reduce_sum(model([features, mask])[:, 0])
    assert np.isfinite(tape.gradient(loss, features)).all()


@pytest.mark.parametrize(
    ("timeline", "parameters", "message"),
    [
        (Timeline(7, NAMES), {"spectra": "all"}, r"spectra needs steps of a known rate.*sampler=rate sampler\.fps=30"),
        (Timeline(7, NAMES, 0.5), {"spectra": ["hip"]}, r"0\.5 steps a second show no movement"),
        (Timeline(7, NAMES), {"means": ["hipp"]}, r"classifier\.means: no channel 'hipp'.*did you mean 'hip'"),
        (Timeline(7, NAMES), {"correlations": ["hip-knee"]}, r"'hip-knee' is not like a:b"),
        (Timeline(7, NAMES), {"correlations": ["|hip:knee"]}, r"is not like a:b, or \|a:b\|"),
        (Timeline(7, NAMES), {"correlations": ["hip:kne"]}, r"no channel 'kne'"),
        (Timeline(7), {"correlations": ["a:b"]}, r"correlations needs channels by name"),
        (Timeline(2, ("hip", "lk_u")), {"flow_amounts": True}, r"flow_amounts: no channel 'lk_v'"),
        (Timeline(7), {"flow_amounts": True}, r"flow_amounts needs channels by name"),
        (Timeline(7), NOTHING, r"asked for no statistics"),
    ],
)
def test_what_cannot_be_taken_is_refused(timeline, parameters, message):
    with pytest.raises(BadRequest, match=message):
        statistics(timeline, 3, **NOTHING | parameters)
