"""The one mapping that forgets: by count, by size, and never what was put last."""

import numpy as np

from darkhar_cli.features.lru import LeastRecentlyUsed


def test_what_was_not_used_for_longest_goes_first():
    kept = LeastRecentlyUsed(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
    assert len(kept) == 2


def test_sizes_are_counted_and_given_back():
    kept = LeastRecentlyUsed(100, lambda values: values.nbytes)
    for key in range(5):
        kept.put(key, np.zeros(40, np.uint8))
    assert [key for key in range(5) if kept.get(key) is not None] == [3, 4]
    kept.put(4, np.zeros(10, np.uint8))  # in place of its larger self
    kept.put(5, np.zeros(50, np.uint8))
    assert [key for key in range(6) if kept.get(key) is not None] == [3, 4, 5]
    kept.drop(5)
    kept.drop(5)
    kept.put(6, np.zeros(50, np.uint8))
    assert len(kept) == 3


def test_the_newest_is_kept_however_large():
    kept = LeastRecentlyUsed(0, len)
    kept.put("a", "x" * 10)
    assert kept.get("a") is not None
    kept.put("b", "yy")
    assert (kept.get("a"), kept.get("b")) == (None, "yy")


def test_clearing_gives_all_room_back():
    kept = LeastRecentlyUsed(2)
    for _ in range(3):
        kept.put("a", 1)
        kept.put("b", 2)
        assert len(kept) == 2
        kept.clear()
        assert len(kept) == 0
