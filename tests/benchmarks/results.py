"""The README's table of results: experiments on real dark clips, several seeds, means and intervals.

Usage: python -m tests.benchmarks.results FOLDER_OF_EE6222 [experiment ...]; runs that are finished are not run again.
"""

import contextlib
import io
import os
import sys
from pathlib import Path

import numpy as np

from darkhar_cli import cli
from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation.comparison import levels
from darkhar_cli.files.tables import read_csv
from darkhar_cli.metrics import tables as metrics
from darkhar_cli.metrics.replicates import crossed

SEEDS = (0, 1, 2)
EXPERIMENTS = ("pose_flow_late_fusion", "pose_flow_tcn", "pose_lstm", "dual_stream")
SCHEME = ["cv=leave_group_per_class_out", "robustness=darkened"]


def words_of(experiment: str, seed: int, root: str) -> list[str]:
    """Return the command of one run."""
    words = ["train", f"experiment={experiment}", "dataset=ee6222har", f"dataset.root={root}", f"seed={seed}", *SCHEME]
    models = Path(os.environ.get("DARKHAR_TEST_MODELS", "."))
    mobilenet = models / "mobilenet_2_5_224_tf_no_top.h5"
    if experiment == "dual_stream" and mobilenet.is_file():
        words += ["extractor.alpha=0.25", f"extractor.weights={mobilenet}"]
    return words


def line(experiment: str, runs: list[Path]) -> str:
    """Return a row of the table: macro recall over seeds, its range, and the interval that crosses clusters with seeds.

    A clip is as right as it is on average over the folds that score it.
    """
    tables = [read_csv(run / "predictions.csv") for run in runs]
    cells = []
    for split in ("validation", "darkened"):
        parts = [metrics.per_clip(table, split) for table in tables]
        for part in parts[1:]:
            if not part[["id", "label", "group"]].equals(parts[0][["id", "label", "group"]]):
                raise BadRequest(f"the seeds of {experiment} do not score the same clips")
        rights, labels, by = np.stack([part["right"] for part in parts]), parts[0]["label"], metrics.clusters(parts[0])
        (value, low, high), _, _ = levels(rights, labels, by)
        seeds = 100 * crossed(rights, labels, by).by_seed
        cells.append(
            f"{100 * value:.1f} % ({seeds.min():.1f} to {seeds.max():.1f}) | [{100 * low:.0f}, {100 * high:.0f}]"
        )
    return f"| `{experiment}` | {' | '.join(cells)} |"


def main(root: str, experiments: list[str]) -> int:
    """Run everything that is not finished, then print the table."""
    rows = []
    for experiment in experiments or EXPERIMENTS:
        runs = []
        for seed in SEEDS:
            place = Path("outputs", "results", f"{experiment}-{seed}")
            print(f"{experiment} seed {seed} ...", file=sys.stderr, flush=True)
            with contextlib.redirect_stdout(io.StringIO()):
                code = cli.main([*words_of(experiment, seed, root), f"hydra.run.dir={place}"])
            if code:
                return code
            runs.append(place)
        rows.append(line(experiment, runs))
    print("| experiment | macro recall (over seeds) | interval | darkened | interval |")
    print("|---|---|---|---|---|")
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
