"""How frames flow to an engine: prepared on all cores while the engine works, a bounded number at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from darkhar_cli import ambient
from darkhar_cli.stopping import leaving

Task = TypeVar("Task")


@dataclass(frozen=True)
class Engine:
    """What turns prepared frames into features.

    Attributes:
        run: frames (n, h, w, 3) float32 of one shape -> (n, F) float32, n up to `batch`; safe in threads.
        batch: frames at a time, of any clips; None: each clip's own frames, in the thread that prepared them.
        workers: batches under way at once.
    """

    run: Callable[[np.ndarray], np.ndarray]
    batch: int | None = None
    workers: int = 1


@dataclass
class _Open:
    """A task whose frames are under way."""

    task: Any
    left: int
    parts: list[np.ndarray] = field(default_factory=list)


def in_threads(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Map a function over items on all cores, in order, a bounded number of items at a time."""
    cores = ambient.cores()
    queue = iter(items)
    with leaving(ThreadPoolExecutor(cores)) as workers:
        waiting: deque[Future] = deque(workers.submit(function, item) for item in islice(queue, cores + 1))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(workers.submit(function, item) for item in islice(queue, 1))


def extract(
    tasks: Iterable[Task], prepare: Callable[[Task], np.ndarray], engine: Engine
) -> Iterator[tuple[Task, np.ndarray]]:
    """Yield each task with the features (n, F) of its frames, in order.

    Batches are cut across tasks, so that none but the last is filled up; decoding, enhancing and resizing run in
    threads beside the engine, which all let go of the interpreter lock while they work.

    Args:
        tasks: taken one by one, as there is room.
        prepare: task -> frames (n, h, w, 3), n >= 1.
        engine: what computes their features.
    """
    if engine.batch is None:
        yield from in_threads(lambda task: (task, engine.run(prepare(task))), tasks)
        return
    opened: deque[_Open] = deque()
    prepared = in_threads(lambda task: (task, prepare(task)), tasks)
    with leaving(ThreadPoolExecutor(engine.workers)) as workers:
        waiting: deque[Future] = deque()
        for batch in _cut(prepared, engine.batch, opened):
            waiting.append(workers.submit(engine.run, batch))
            if len(waiting) > engine.workers:
                yield from _hand_out(waiting.popleft().result(), opened)
        while waiting:
            yield from _hand_out(waiting.popleft().result(), opened)


def _cut(prepared: Iterable[tuple[Any, np.ndarray]], size: int, opened: deque[_Open]) -> Iterator[np.ndarray]:
    """Yield the frames of all tasks in batches of `size`, each of one frame shape; note whose they are."""
    held: list[np.ndarray] = []
    room = size
    for task, frames in prepared:
        opened.append(_Open(task, len(frames)))
        if held and held[0].shape[1:] != frames.shape[1:]:
            yield np.concatenate(held)
            held, room = [], size
        while len(frames):
            held.append(frames[:room])
            frames, room = frames[room:], room - len(held[-1])
            if not room:
                yield np.concatenate(held)
                held, room = [], size
    if held:
        yield np.concatenate(held)


def _hand_out(features: np.ndarray, opened: deque[_Open]) -> Iterator[tuple[Any, np.ndarray]]:
    """Give features (n, F) to the tasks they belong to, oldest first; yield those that have all of theirs."""
    while len(features):
        first = opened[0]
        first.parts.append(features[: first.left])
        features, first.left = features[first.left :], first.left - len(first.parts[-1])
        if not first.left:
            opened.popleft()
            yield first.task, np.concatenate(first.parts)


def collate(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Pad arrays (T_i, ...) with zeros to their longest and stack them: (B, T, ...) and mask (B, T) bool."""
    lengths = [len(part) for part in parts]
    batch = np.zeros((len(parts), max(lengths), *parts[0].shape[1:]), parts[0].dtype)
    for i, part in enumerate(parts):
        batch[i, : len(part)] = part
    return batch, np.arange(max(lengths)) < np.array(lengths)[:, None]
