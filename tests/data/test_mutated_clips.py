"""Clips with bytes changed at random: each is read or refused with a reason, and nothing else happens.

`make mutate` does the same with thousands, in processes that may crash.
"""

import numpy as np
import pytest

from darkhar_cli.data.sources import check
from darkhar_cli.data.video import iter_frames, read_frames
from tests.helpers.generated_clips import encode
from tests.helpers.mutations import CONTAINERS, mutated_clips

SHORT = 200


@pytest.mark.parametrize("part", range(4))
def test_a_mutated_clip_is_read_or_refused(part):
    outcomes = {}
    for number, (name, data) in enumerate(mutated_clips(SHORT)):
        if number % 4 != part:
            continue
        found = check(lambda data=data: data, keep_damaged=True)
        outcomes[name] = isinstance(found, str)
        if isinstance(found, str):
            assert found, name
            continue
        clip, frames = found[1], read_frames(data)
        assert frames.shape == (clip.n_frames, clip.height, clip.width, 3), name
        assert np.isfinite(clip.fps), name
        if clip.skippable:
            positions = np.arange(part % 2, clip.n_frames, 3)
            read = np.stack(list(iter_frames(data, positions, clip.n_frames, skippable=True)))
            np.testing.assert_array_equal(read, frames[positions], err_msg=name)
    assert {False, True} == set(outcomes.values())


def test_the_same_seed_gives_the_same_clips_of_ten_containers():
    once, again = list(mutated_clips(30)), list(mutated_clips(30))
    assert once == again
    assert once != list(mutated_clips(30, seed=1))
    assert len(CONTAINERS) >= 10


def test_a_fault_that_is_concealed_rules_skipping_out():
    """Damaged H.264 conceals with what was decoded before: pixels must not depend on which frames are wanted."""
    whole = encode("flv", "h264", n=30, options={"bf": "3", "preset": "fast", "threads": "1"})
    rng = np.random.default_rng([7, 173])
    data = bytearray(whole)
    for _ in range(rng.integers(1, 4)):
        at, length = int(rng.integers(600, len(data) - 600)), int(rng.integers(1, 30))
        data[at : at + length] = rng.bytes(length)
    found = check(lambda: bytes(data), keep_damaged=True)
    assert not isinstance(found, str)
    assert not found[1].corrupt, "the decoder marks nothing"
    assert not found[1].skippable
    assert check(lambda: whole, keep_damaged=False)[1].skippable
