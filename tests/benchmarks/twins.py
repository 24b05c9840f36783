"""The table of twins in `tests/README.md`: accuracy lost in the dark, recovered by each enhancement; all synthetic.

Usage: python -m tests.benchmarks.twins [config]; runs that are finished are not run again. Models are trained once on
the training groups and score the test groups, which no choice was made on. Accuracy is macro recall; classes are of
equal size.
"""

import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from darkhar_cli import cli
from darkhar_cli.evaluation.outcomes import Result, read_result
from darkhar_cli.evaluation.pairing import by_twin, refuse_unpaired
from darkhar_cli.metrics import paired, statistics, tables
from darkhar_cli.metrics.evidence import points
from darkhar_cli.metrics.replicates import recall_weights

MODEL = ["extractor=conv_small", "sampler.frames=8", "train.epochs=12", "train.early_stopping=false"]
DAY, DARK = "by day", "dark"
RUNS = {
    DAY: [*MODEL, "dataset.light=bright"],
    DARK: MODEL,
    "histeq": [*MODEL, "enhance=histeq"],
    "gamma": [*MODEL, "enhance=gamma"],
    "adaptive_gamma": [*MODEL, "enhance=adaptive_gamma"],
}
POOLED = "by day, mean_pool"
OTHERS = {
    POOLED: [*MODEL, "dataset.light=bright", "classifier=mean_pool"],
    "control_background": ["experiment=control_background"],
    "control_luma": ["experiment=control_luma"],
}
_DRAWS = 4000


def run(name: str, words: Sequence[str], config: str) -> Path:
    """Train and score one experiment, unless that is done; return its folder."""
    place = Path("outputs", "twins", config, name.replace(", ", "_").replace(" ", "_"))
    print(f"{name} ...", file=sys.stderr, flush=True)
    with contextlib.redirect_stdout(io.StringIO()):
        code = cli.main(["train", f"dataset.config={config}", "cv=official", *words, f"hydra.run.dir={place}"])
    if code:
        sys.exit(code)
    return place


def recall(clips: pd.DataFrame) -> str:
    """Return the macro recall of clips with its interval, in percent."""
    found = statistics.recall_interval(clips["right"], clips["label"], tables.clusters(clips))
    return f"{100 * found.value:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def against(base: pd.DataFrame, others: Sequence[pd.DataFrame]) -> list[str]:
    """Return how each differs from the base in macro recall, in points, with its interval and p after Holm."""
    found = [paired.compare([base], [clips]) for clips in others]
    cells = []
    for one, p in zip(found, paired.holm([one.p for one in found]), strict=True):
        low, high = one.recall.interval()
        cells.append(f"{points(one.recall.value)} [{points(low)}, {points(high)}], p {p:.3f}")
    return cells


def closed(day: np.ndarray, dark: np.ndarray, other: np.ndarray, labels: Sequence[str], groups: Sequence[str]) -> str:
    """Return which share of the gap in macro recall is closed, with the percentile interval of a bootstrap over groups.

    Args:
        day, dark, other: whether each clip (N,) was right.
        labels: classes of the clips (N,).
        groups: of the clips (N,).
    """
    weighed = pd.DataFrame({"day": day, "dark": dark, "other": other}).mul(recall_weights(labels), axis=0)
    adds = weighed.groupby(list(groups)).sum().to_numpy()
    draws = np.random.default_rng(0).integers(0, len(adds), (_DRAWS, len(adds)))
    gap, won = ((adds[:, i] - adds[:, 1])[draws].sum(axis=1) for i in (0, 2))
    if (gap <= 0).mean() > 0.025:
        return "no gap is shown"
    low, high = np.quantile(won[gap > 0] / gap[gap > 0], [0.025, 0.975])
    share = (adds[:, 2] - adds[:, 1]).sum() / (adds[:, 0] - adds[:, 1]).sum()
    return f"{100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def table(results: dict[str, Result]) -> list[str]:
    """Return the lines of the table; runs are paired clip by clip.

    Raises:
        BadRequest: runs that cannot be paired.
    """
    results = dict(zip(results, by_twin(list(results.values()))[0], strict=True))
    for result in results.values():
        refuse_unpaired(results[DARK], result)
    clips = {name: result.clips for name, result in results.items()}
    labels, groups = clips[DARK]["label"], clips[DARK]["group"]
    right = {name: part["right"].to_numpy() for name, part in clips.items()}
    about = f"*synthetic*, {len(groups)} test clips in {groups.nunique()} groups"
    lines = [
        f"| {about} | accuracy | against the dark | against the day | of the gap closed |",
        "|---|---|---|---|---|",
    ]
    columns = []
    for base in (DARK, DAY):
        others = [name for name in clips if name != base]
        cells = against(clips[base], [clips[name] for name in others])
        columns.append(dict(zip(others, cells, strict=True)) | {base: ""})
    for name, part in clips.items():
        cells = [recall(part), *(column[name] for column in columns)]
        cells.append(closed(right[DAY], right[DARK], right[name], labels, groups) if name not in (DAY, DARK) else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def said_of(folder: Path) -> str:
    """Return accuracy with its interval, and what sitting down and standing up were taken for."""
    clips = read_result(folder).clips
    told = pd.read_csv(folder / "predictions.csv").query("split == 'test'")
    taken = []
    for label in ("sit", "stand"):
        found = told.loc[told["label"] == label, "predicted"].value_counts()
        sit, stand = (int(found.get(name, 0)) for name in ("sit", "stand"))
        taken.append(f"{sit}, {stand}, {int(found.sum()) - sit - stand}")
    return f"{recall(clips)} | {' | '.join(taken)} |"


def main(config: str = "medium") -> None:
    """Run everything that is not finished, then print both tables."""
    results = {name: run(name, words, config) for name, words in RUNS.items()}
    others = {name: run(name, words, config) for name, words in OTHERS.items()}
    print("\n".join(table({name: read_result(place) for name, place in results.items()})))
    print("\n| *synthetic*; chance 16.7 % | accuracy | sit taken for sit, stand, other | stand taken for |")
    print("|---|---|---|---|")
    for name, place in (results | others).items():
        print(f"| {name} | {said_of(place)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
