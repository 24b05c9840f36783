"""What `darkhar summary` estimates, beside what is measured of the run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import row

_COMMON = ("cv=stratified", "cv.folds=2", "train.epochs=2", "train.early_stopping=false")
_MOBILENET = ("extractor=mobilenet", "extractor.weights=none", "classifier=lstm")
RUNS = {
    "default": (),
    "conv_small": ("extractor=conv_small", "classifier=lstm"),
    "conv_small, 120x160": (
        *("extractor=conv_small", "classifier=lstm", "extractor.size=[120,160]"),
        *("sampler.frames=16", "train.batch_per_class=4"),
    ),
    "mobilenet": (*_MOBILENET, "sampler.frames=3"),
    "mobilenet, trained": (*_MOBILENET, "extractor.trainable=true", "extractor.size=96", "sampler.frames=4"),
}


def memory_estimate(place: Path) -> dict[str, Any]:
    """Compare estimated peaks of runs with measured ones; the worst of them counts."""
    environment = {**os.environ, "DARKHAR_HOME": str(place)}
    found = {}
    for number, (name, words) in enumerate(RUNS.items()):
        words = (*_COMMON, *words)
        peak = _peak((*words, f"hydra.run.dir={place / str(number)}"), environment)
        found[name] = _estimated(words, environment), peak
    ratio = min(min(a / b, b / a) for a, b in found.values())
    note = "; ".join(f"{name}: {a >> 20} MB, measured {b >> 20} MB" for name, (a, b) in found.items())
    return row("estimated", "measured", ratio, 0.8, note)


def _peak(words: tuple[str, ...], environment: dict[str, str]) -> int:
    """Train in a process of its own; return the most memory that it took, in bytes."""
    command = [sys.executable, "-m", "darkhar_cli", "train", *words, "--quiet"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as going:
        _, status, usage = os.wait4(going.pid, 0)
        going.returncode = os.waitstatus_to_exitcode(status)
    if going.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return usage.ru_maxrss * 1024


def _estimated(words: tuple[str, ...], environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "darkhar_cli", "summary", *words, "measure=false", "format=json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["memory"]["bytes"]
