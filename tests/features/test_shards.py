"""Shards: disjoint, whole, even, and the same on every machine."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.features.shards import Shard, read_shards


def table_of(n, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(8, 300, n)
    return pd.DataFrame({"digest": [f"{number:04x}" for number in rng.permutation(n)], "n_frames": lengths})


@pytest.mark.parametrize("count", [1, 2, 7, 64, 200])
def test_every_clip_is_in_one_shard(count):
    table = table_of(101)
    parts = [Shard(number, count).rows(table) for number in range(count)]
    assert sorted(row for part in parts for row in part) == list(range(101))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    frames = [table.loc[part, "n_frames"].sum() for part in parts]
    assert max(frames) - min(frames) <= table["n_frames"].max() + 1


def test_a_clips_shard_does_not_depend_on_the_order_of_the_table():
    table = table_of(40)
    mixed = table.sample(frac=1, random_state=1).reset_index(drop=True)
    for number in range(3):
        ours, theirs = (set(one.loc[Shard(number, 3).rows(one), "digest"]) for one in (table, mixed))
        assert ours == theirs


def test_clips_of_the_same_bytes_are_in_one_shard():
    table = pd.DataFrame({"digest": ["a", "b", "a", "c"], "n_frames": [5, 5, 5, 5]}, index=[10, 11, 12, 13])
    assert Shard(0, 2).rows(table) == [10, 12, 13]
    assert Shard(1, 2).rows(table) == [11]


def test_words_are_read():
    assert read_shards(["seed=1"]) == ([Shard(0, 1)], ["seed=1"])
    assert read_shards(["-m", "shard=0/4,3/4", "seed=1"]) == ([Shard(0, 4), Shard(3, 4)], ["-m", "seed=1"])
    assert str(Shard.parse("'12/64'")) == "12/64"


@pytest.mark.parametrize("text", ["", "4", "4/4", "-1/4", "1/0", "1/4/2", "a/4", "0.5/4"])
def test_what_is_no_shard_is_refused_with_what_is(text):
    with pytest.raises(BadRequest, match=r"shard=.*: allowed is K/N with K from 0 to N - 1"):
        Shard.parse(text)


def test_shards_that_would_overlap_are_refused():
    with pytest.raises(BadRequest, match="shard=1/4 is given twice"):
        read_shards(["shard=1/4,1/4"])
    with pytest.raises(BadRequest, match="shards of different counts overlap"):
        read_shards(["shard=1/4,1/5"])
