"""Irregular frame times taken out of signals, paths and the features of whole clips."""

import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.person.body import body_channels
from darkhar_cli.extractors.person.flow_channels import CHANNELS, flow_channels
from darkhar_cli.extractors.person.tracking import Person
from darkhar_cli.extractors.resampling import even_steps, evenly
from tests.helpers.irregular_clips import irregular_times
from tests.helpers.moving_scenes import scene
from tests.helpers.walking import walk_of

FLOW = Symmetry.of(CHANNELS)


def test_signals_are_interpolated_at_even_times():
    times = irregular_times(15)
    signal = np.random.default_rng(0).normal(size=(15, 2, 3))
    even = np.linspace(0, times[-1], 15)
    found = evenly(signal, times)
    for i in np.ndindex(2, 3):
        np.testing.assert_allclose(found[:, *i], np.interp(even, times, signal[:, *i]), atol=1e-12)
    np.testing.assert_allclose(evenly(times, times), even, atol=1e-12)
    np.testing.assert_allclose(evenly(signal, np.arange(15) / 25), signal, atol=1e-9)


def test_few_frames_and_frames_at_once():
    one = np.ones((1, 3))
    assert evenly(one, np.zeros(1)) is one
    assert even_steps(np.zeros((0, 3)), np.zeros(1)).shape == (0, 3)
    np.testing.assert_allclose(even_steps(np.array([2.0]), np.array([0, 0.3])), [2.0])
    for times in ([0, 1, 1, 2], [0, 0, 1, 2], [0, 1, 2, 2]):
        steps = np.array([1.0, 2.0, 4.0])
        found = even_steps(steps, np.array(times, float))
        assert np.isfinite(found).all()
        assert found.sum() == pytest.approx(7)


def test_even_motion_makes_even_steps_and_no_way_is_lost():
    times = irregular_times(30)
    np.testing.assert_allclose(even_steps(5 * np.diff(times), times), 5 * times[-1] / 29, rtol=1e-9)
    steps = np.random.default_rng(1).normal(size=(29, 4))
    np.testing.assert_allclose(even_steps(steps, times).sum(axis=0), steps.sum(axis=0), atol=1e-9)


def test_a_body_at_irregular_times_is_that_body_at_even_ones():
    times = irregular_times(40)
    fps = 39 / times[-1]

    def points_at(when):
        points = np.repeat(walk_of(1), len(when), axis=0)
        points[:, :, 0] += 0.1 * when[:, None]
        points[:, :, 1] += 0.1 * np.sin(1.5 * when)[:, None]
        points[:, :, 2] = 0.5
        return points

    expected = body_channels(Person(points_at(np.arange(40) / fps)))
    for name, found in body_channels(Person(points_at(times)).evenly(times)).items():
        np.testing.assert_allclose(found, expected[name], atol=0.02, err_msg=name)
    wrong = body_channels(Person(points_at(times)))
    assert np.abs(wrong["centre_x"] - expected["centre_x"]).max() > 0.06
    person = Person(points_at(times))
    assert person.evenly(None) is person


@pytest.fixture(scope="module")
def steady():
    """A person of constant velocity before a steadily panning camera, filmed at irregular times."""
    times = irregular_times(24)
    camera, person = times[:, None] * [20.0, -8.0], times[:, None] * [-12.0, 22.0]  # pixels a second
    return *scene(camera, person), times


def test_constant_velocity_filmed_at_irregular_times_is_constant(steady):
    frames, points, times = steady
    fps = 23 / times[-1]
    person = Person(points)
    found, camera = flow_channels(frames, fps, person, times)
    unit = 240 * person.evenly(times).unit
    for name, speed in (("lk_u", -32), ("lk_v", 30), ("lk_length", np.hypot(32, 30))):
        np.testing.assert_allclose(found[name], speed / 30 * 3 / unit, rtol=0.2, err_msg=name)
    for name, speed in (("camera_dx", 20), ("camera_dy", -8)):
        np.testing.assert_allclose(found[name], speed / 30 / 240, rtol=0.25, err_msg=name)
    np.testing.assert_allclose(found["lk_v_path"], 0, atol=0.05, err_msg="its line is taken off")
    assert camera.shape == (23, 3)
    as_if_even, _ = flow_channels(frames, fps, person)
    for name in ("lk_u", "lk_v"):
        spread, before = (np.std(x[name][4:-4]) / np.abs(x[name][4:-4]).mean() for x in (found, as_if_even))
        assert spread < 0.15 < 0.25 < before, name


@pytest.mark.parametrize("name", ["pose", "flow", "pose_flow", "motion", "motion_flow", "background"])
def test_clips_of_constant_rate_are_what_they_were_and_irregular_ones_as_long(name, fake_tflite, steady):
    frames, _, times = steady
    part = registry.get("extractor", name)
    function = (part() if name in ("motion", "motion_flow", "background") else part(weights=str(fake_tflite))).function
    plain, told = function(frames[:9], 25.0), function(frames[:9], 25.0, None)
    np.testing.assert_array_equal(plain, told)
    uneven = function(frames[:9], 25.0, times[:9])
    assert uneven.shape == plain.shape
    assert uneven.dtype == np.float32
    assert np.isfinite(uneven).all()
    for short in (1, 2):
        assert function(frames[:short], 25.0, times[:short]).shape == (short, plain.shape[1])
