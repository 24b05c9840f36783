"""The README's table of results: experiments on real dark clips, several seeds, means and intervals.

Usage: python -m tests.results FOLDER_OF_EE6222 [experiment ...]; runs that are finished are not run again.
"""

import contextlib
import io
import os
import sys
from pathlib import Path

import pandas as pd

from darkhar_cli import cli, stats

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
    """Return a row of the table: the mean of all folds' macro recalls, its range over seeds, and its interval."""
    tables = [pd.read_csv(run / "predictions.csv", dtype={"group": str}) for run in runs]
    scorings = pd.concat([table.assign(seed=seed) for seed, table in enumerate(tables)])
    scorings["right"] = scorings["predicted"] == scorings["label"]
    cells = []
    for split in ("validation", "darkened"):
        part = scorings[scorings["split"] == split]
        folds = part.groupby(["seed", "repeat", "fold"]).ngroup()
        found = stats.fold_recall_interval(part["right"], part["label"], folds, part["group"].tolist())
        recalls = part.groupby(["seed", "repeat", "fold", "label"])["right"].mean().groupby("seed").mean()
        spread = f"{100 * recalls.min():.1f} to {100 * recalls.max():.1f}"
        cells.append(f"{100 * found.value:.1f} % ({spread}) | [{100 * found.low:.0f}, {100 * found.high:.0f}]")
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
    print("| experiment | macro recall, 24 folds (over seeds) | interval | darkened | interval |")
    print("|---|---|---|---|---|")
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
