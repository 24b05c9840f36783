"""Run the rows named, or all, each in a process of its own, and print one table: `python -m tests.benchmarks [row]`."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from tests.benchmarks import ROWS


def alone(name: str) -> None:
    """Run one row here and print what it found as JSON."""
    from darkhar_cli import console
    from darkhar_cli.native_stderr import quiet_start

    with quiet_start():
        from tests.benchmarks import beside_notebook, estimates, frames, jobs, people, scale, scenes

    console.set_quiet(True)
    with tempfile.TemporaryDirectory() as place:
        modules = (beside_notebook, estimates, frames, jobs, people, scale, scenes)
        row = next(getattr(module, name) for module in modules if hasattr(module, name))
        print(json.dumps(row(Path(place))))


def main(names: list[str]) -> int:
    """Run rows and print their table; return 1 where a row fails or misses its mark."""
    from rich.console import Console
    from rich.table import Table

    unknown = set(names) - set(ROWS)
    if unknown:
        print(f"unknown rows {sorted(unknown)}; choose from {', '.join(ROWS)}", file=sys.stderr)
        return 2
    grid = Table("row", "what is compared", "this", "that", "ratio", "mark", "", expand=False)
    missed, notes = 0, []
    for name in names or ROWS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "tests.benchmarks", "--alone", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            missed += 1
            grid.add_row(name, ROWS[name], "failed", "", "", "", "✗")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        missed += not found["good"]
        ratio = f"{found['ratio']:.2f}" if found["ratio"] < 10 else f"{found['ratio']:.0f}"
        tick = "✓" if found["good"] else "✗"
        grid.add_row(name, ROWS[name], found["this"], found["that"], ratio, found["mark"], tick)
        notes += [f"{name}: {found['note']}"] * bool(found.get("note"))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(grid)
    for note in notes:
        console.print(note, highlight=False)
    return bool(missed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))
