"""The leak report of many clips of one fixed camera."""

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.benchmarks.measure import row

_CLIPS, _SECONDS, _MEGABYTES = 10_000, 30.0, 500.0


def one_camera(place: Path) -> dict[str, Any]:
    """Compare the leak report's time on 10,000 thumbnails of one scene with the mark, and its peak memory."""
    code = f"from tests.benchmarks.scenes import report; report({str(place)!r})"  # without TensorFlow, as a run begins
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak, scenes, size = map(float, done.stdout.split())
    found = row(f"{seconds:.1f} s", f"{_SECONDS:g} s", _SECONDS / seconds, 1)
    note = f"{scenes:.0f} scene, peak memory {peak:.0f} MB, leaks.csv {size / 1000:.0f} kB"
    return found | {"good": found["good"] and peak < _MEGABYTES and size < 1e6, "note": note}


def _peak() -> float:
    """Return this process's peak memory in MB; `getrusage` may tell what its parent took before it began."""
    status = Path("/proc/self/status")
    if status.is_file():
        return next(float(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(place: str) -> None:
    """Make the report; print seconds, the process's peak memory in MB, scenes, and bytes of leaks.csv."""
    from darkhar_cli.data.background_similarity import HEIGHT, WIDTH, scene_names
    from darkhar_cli.splits.leakage import find, listed
    from darkhar_cli.splits.plan import plan_folds

    rng = np.random.default_rng(0)
    wall = rng.random(HEIGHT * WIDTH, np.float32)
    thumbnails = np.clip(wall + 0.05 * rng.standard_normal((_CLIPS, HEIGHT * WIDTH), np.float32), 0, 1)
    names = [f"clip {i}" for i in range(_CLIPS)]
    table = pd.DataFrame({"id": names, "digest": names, "split": "train", "group": ""})
    table["label"] = [f"class {i % 6}" for i in range(_CLIPS)]
    plan = plan_folds({"name": "stratified", "folds": 3, "seed": 0}, table, 0)
    started = time.perf_counter()
    table["scene"] = scene_names(thumbnails, table["digest"])
    listed(find(plan, table, thumbnails), table).to_csv(Path(place, "leaks.csv"), index=False)
    seconds = time.perf_counter() - started
    print(seconds, _peak(), table["scene"].nunique(), Path(place, "leaks.csv").stat().st_size)
