"""Thousands of mutated clips, each checked, read and read in part, in processes that may crash: `make mutate`.

Prints what came of them, and exits with 1 where anything but "read" or "refused" did.
"""

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

import numpy as np

from darkhar_cli.data.sources import check
from darkhar_cli.data.video import iter_frames, read_frames
from darkhar_cli.data.worker_processes import WorkerContext
from tests.helpers.mutations import mutated_clips

_AT_ONCE = 500


def outcome(name: str, data: bytes) -> str:
    """Return what comes of a clip: read, refused, or what should not be."""
    try:
        found = check(lambda: data, keep_damaged=True)
        if isinstance(found, str):
            return "refused"
        clip, frames = found[1], read_frames(data)
        if frames.shape != (clip.n_frames, clip.height, clip.width, 3):
            return f"{name}: frames {frames.shape}, found {clip}"
        positions = np.arange(0, clip.n_frames, 3)
        read = np.stack(list(iter_frames(data, positions, clip.n_frames, bool(clip.skippable))))
        return "read" if np.array_equal(read, frames[positions]) else f"{name}: other pixels where fewer are wanted"
    except Exception as problem:
        return f"{name}: {type(problem).__name__}: {problem}"


def main(count: int, seed: int = 0) -> int:
    """Go through so many clips; return the exit code."""
    outcomes: Counter[str] = Counter()
    clips = mutated_clips(count, seed)
    while some := list(islice(clips, _AT_ONCE)):
        try:
            with ProcessPoolExecutor(1, WorkerContext()) as process:
                outcomes.update(process.map(outcome, *zip(*some, strict=True)))
        except BrokenProcessPool:
            outcomes[f"a crash among {some[0][0]} to {some[-1][0]}"] += 1
    for what, times in outcomes.most_common():
        print(f"{times:6} {what}")
    return int(bool(outcomes.keys() - {"read", "refused"}))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
