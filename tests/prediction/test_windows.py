"""Sliding windows: where they start and end, which frames are in them, and that old frames are let go."""

import weakref

import numpy as np
import pytest

from darkhar_cli.prediction.windows import Window, together, windows_of


def film(n, fps=10.0, times=None):
    """Yield n frames whose first sample is their number."""
    for i in range(n):
        yield (times[i] if times is not None else i / fps), np.full((2, 3, 3), i % 256, np.uint8)


def about(windows):
    return [(round(w.start, 3), round(w.end, 3), len(w.frames), int(w.frames[0][0, 0, 0])) for w in windows]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (47, [(0.5 * k, 0.5 * k + 1, 10, 5 * k) for k in range(8)] + [(3.7, 4.7, 10, 37)]),
        (20, [(0, 1, 10, 0), (0.5, 1.5, 10, 5), (1, 2, 10, 10)]),
        (10, [(0, 1, 10, 0)]),
        (7, [(0, 0.7, 7, 0)]),
        (1, [(0, 0.1, 1, 0)]),
    ],
)
def test_windows_follow_each_other_and_the_end_is_seen(n, expected):
    found = list(windows_of(film(n), 1.0, 0.5, 10.0))
    assert about(found) == expected
    assert [w.last for w in found] == [False] * (len(found) - 1) + [True]


def test_every_frame_is_in_a_window_whatever_the_stride():
    for n in (23, 61, 97):
        for window, stride in ((1.0, 1.0), (1.0, 0.3), (2.0, 0.7), (0.5, 0.5)):
            seen = {int(f[0, 0, 0]) for w in windows_of(film(n), window, stride, 10.0) for f in w.frames}
            assert seen == set(range(n)), (n, window, stride)


def test_frames_at_irregular_times_belong_to_the_window_they_are_shown_in():
    times = [0.0, 0.1, 0.9, 1.0, 1.05, 2.6, 2.9]
    found = list(windows_of(film(7, times=times), 1.0, 1.0, 10.0))
    assert [w.times.tolist() for w in found] == [[0.0, 0.1, 0.9], [1.0, 1.05], [2.6, 2.9]]


def test_a_gap_without_frames_has_no_window():
    times = [0.0, 0.5, 9.0, 9.5]
    found = list(windows_of(film(4, times=times), 1.0, 1.0, 2.0))
    assert [w.times.tolist() for w in found] == [[0.0, 0.5], [9.0, 9.5]]


def test_memory_is_flat_whatever_the_length():
    class Frame(np.ndarray):  # plain arrays take no weak references
        pass

    made, most = [], 0

    def counted():
        for i in range(3000):
            frame = np.zeros((2, 2, 3), np.uint8).view(Frame)
            made.append(weakref.ref(frame))
            yield i / 30, frame

    for batch in together(windows_of(counted(), 1.0, 0.5, 30.0), 0.5):
        most = max(most, sum(one() is not None for one in made))
        del batch
    assert most <= 30 + 15 * 20  # a window and what is new in sixteen more, never 3000


def test_a_large_window_is_alone_in_its_batch():
    frames = [np.zeros((1000, 1000, 3), np.uint8)] * 100
    windows = [Window(k, k + 1.0, np.arange(100) / 100, frames) for k in range(3)]
    assert [len(batch) for batch in together(windows, 1.0)] == [1, 1, 1]
