"""Frames flow in order, in full batches, a bounded number at a time."""

import threading
import time

import numpy as np
import pytest

from darkhar_cli.features.prefetch import Engine, collate, extract, in_threads

LENGTHS = [3, 1, 7, 4, 4, 2]


def frames(task, shape=(2, 3, 3)):
    """Return a task's frames: each holds a number of its own."""
    first = sum(LENGTHS[:task])
    return np.zeros((LENGTHS[task], *shape), np.float32) + np.arange(first, first + LENGTHS[task])[:, None, None, None]


def recording_engine(batch=4, workers=2):
    seen = []

    def run(given):
        seen.append(given.shape)
        return given[:, 0, 0, :2] * [1, 10]

    return Engine(run, batch, workers), seen


def test_each_task_gets_the_features_of_its_own_frames_in_order():
    engine, seen = recording_engine()
    found = list(extract(range(len(LENGTHS)), frames, engine))
    assert [task for task, _ in found] == list(range(len(LENGTHS)))
    for task, features in found:
        numbers = frames(task)[:, 0, 0, 0]
        np.testing.assert_array_equal(features, np.stack([numbers, 10 * numbers], axis=1))
    assert sorted(shape[0] for shape in seen) == [1, 4, 4, 4, 4, 4]


def test_a_batch_has_one_frame_shape():
    engine, seen = recording_engine()
    found = dict(extract(range(4), lambda task: frames(task, (2 + task % 2, 3, 3)), engine))
    assert {task: len(features) for task, features in found.items()} == dict(enumerate(LENGTHS[:4]))
    assert all(shape[0] <= 4 for shape in seen)


def test_an_engine_without_batches_gets_each_clip_whole():
    seen = []
    engine = Engine(lambda given: seen.append(len(given)) or given[:, 0, 0])
    found = dict(extract(range(len(LENGTHS)), frames, engine))
    assert sorted(seen) == sorted(LENGTHS)
    np.testing.assert_array_equal(found[2], frames(2)[:, 0, 0])


@pytest.mark.parametrize("batch", [None, 4])
def test_no_more_is_prepared_than_fits_the_window(batch, monkeypatch):
    monkeypatch.setattr("darkhar_cli.features.prefetch.ambient.cores", lambda: 2)
    lock, state = threading.Lock(), {"prepared": 0, "most": 0, "done": 0}

    def prepare(task):
        with lock:
            state["prepared"] += 1
            state["most"] = max(state["most"], state["prepared"] - state["done"])
        return np.zeros((4, 2, 2, 3), np.float32)

    def slow(given):
        time.sleep(0.002)
        return given[:, 0, 0]

    for _ in extract(range(60), prepare, Engine(slow, batch, 2)):
        with lock:
            state["done"] += 1
    assert state["prepared"] == state["done"] == 60
    assert state["most"] <= 10


def test_a_failing_clip_stops_the_flow():
    def prepare(task):
        if task == 3:
            raise ValueError("broken")
        return frames(task)

    engine, _ = recording_engine()
    with pytest.raises(ValueError, match="broken"):
        list(extract(range(len(LENGTHS)), prepare, engine))


def test_in_threads_keeps_the_order():
    assert list(in_threads(lambda i: time.sleep(0.001 * (5 - i % 5)) or i, range(20))) == list(range(20))


def test_collate_pads_and_masks():
    batch, mask = collate([np.ones((2, 3)), np.ones((4, 3))])
    assert batch.shape == (2, 4, 3)
    assert mask.tolist() == [[True, True, False, False], [True] * 4]
    assert batch[0, 2:].sum() == 0
