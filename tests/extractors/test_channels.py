"""What a mirror and time running backwards make of channels, of whole clips and at sampled frames."""

import numpy as np
import pytest

from darkhar_cli.extractors.channels import Channel, Symmetry
from darkhar_cli.extractors.person.smoothing import at_frames
from darkhar_cli.features.interpolation import between

SYMMETRY = Symmetry.of(
    [
        Channel("place", mirror_sign=-1.0),
        Channel("velocity", mirror_sign=-1.0, reverse_sign=-1.0, step=True),
        Channel("pace", step=True),
        Channel("drift", mirror_sign=-1.0, reverse_sign=-1.0),
    ]
)


def features_of(places):
    """Return the four channels (T, 4) of something that is at these places (T,)."""
    steps = at_frames(np.diff(places))
    drift = (np.pad(places, 1, mode="edge")[2:] - np.pad(places, 1, mode="edge")[:-2]) / 2
    return np.stack([places, steps, np.abs(steps), drift], axis=1).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 2, 3, 10])
def test_the_timeline_of_a_reversed_clip_is_the_reversed_timeline(frames):
    places = np.random.default_rng(frames).normal(size=frames)
    features = features_of(places)
    np.testing.assert_array_equal(SYMMETRY.reversed(features), features_of(places[::-1]))
    np.testing.assert_array_equal(SYMMETRY.reversed(SYMMETRY.reversed(features)), features)
    np.testing.assert_array_equal(SYMMETRY.mirrored(features), features_of(-places))


@pytest.mark.parametrize("at", [[0, 3, 4, 9], [9], [0], np.float32([0, 1.5, 3, 4.5, 8.5]), np.float32([0.25, 8.75, 9])])
def test_sampled_frames_of_a_reversed_clip(at):
    """Steps cannot be shifted at sampled frames: they are read one frame later, which is then turned back."""
    places = np.random.default_rng(0).normal(size=10)
    at, every = np.array(at), np.arange(10)
    features, backwards = features_of(places), features_of(places[::-1])
    later = np.minimum(at + 1, 9)
    seen = SYMMETRY.steps_away(between(features, every, at), between(features, every, later))
    np.testing.assert_allclose(SYMMETRY.turned_back(seen), between(backwards, every, (9 - at)[::-1]), atol=1e-6)


def test_channels_without_steps_need_no_look_at_the_next_frame():
    assert SYMMETRY.has_steps
    still = Symmetry.of([Channel("place"), Channel("drift", reverse_sign=-1.0)])
    assert not still.has_steps
    features = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    np.testing.assert_array_equal(still.steps_away(features, features + 1), features)
    np.testing.assert_array_equal(still.reversed(features), features[::-1] * [1, -1])


def test_channels_that_do_not_go_together():
    with pytest.raises(ValueError, match="named twice"):
        Symmetry.of([Channel("a"), Channel("a")])
    with pytest.raises(ValueError, match="mirrored by unknown ones"):
        Symmetry.of([Channel("a", "b")])
