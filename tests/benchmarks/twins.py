"""The table of twins in `tests/README.md`: accuracy lost in the dark, recovered by each enhancement; all synthetic.

Usage: python -m tests.benchmarks.twins [config] [model]; the model is motion_flow (the default) or end_to_end, both
unless one is named. Runs that are finished are not run again. Models are trained once on the training groups and score
the test groups, which no choice was made on. Accuracy is macro recall; classes are of equal size.
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

MODELS: dict[str, list[str]] = {"motion_flow": [], "end_to_end": ["experiment=end_to_end"]}
DAY, DARK = "by day", "dark"
RUNS = {
    DAY: ["dataset.light=bright"],
    DARK: [],
    "histeq": ["enhance=histeq"],
    "gamma": ["enhance=gamma"],
    "adaptive_gamma": ["enhance=adaptive_gamma"],
}
FRAMES_ALONE = {
    "by day, input=rgb": ["dataset.light=bright", "extractor.input=rgb"],
    "dark, input=rgb": ["extractor.input=rgb"],
}
CONTROLS = {name: [f"experiment={name}"] for name in ("control_background", "control_luma", "control_motion")}
_DRAWS = 4000


def run(name: str, words: Sequence[str], config: str) -> Path:
    """Train and score one experiment, unless that is done; return its folder."""
    place = Path("outputs", "twins", config, name.replace(", ", "_").replace(" ", "_").replace("=", "_"))
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


def runs_of(model: str) -> dict[str, list[str]]:
    """Return the words of a model's runs, by the name of their row."""
    found = RUNS | (FRAMES_ALONE if model == "end_to_end" else {})
    return {name: [*MODELS[model], *words] for name, words in found.items()}


def main(config: str = "medium", *models: str) -> None:
    """Run everything that is not finished, then print both tables."""
    rows = {}
    for model in models or MODELS:
        results = {name: run(f"{model}, {name}", words, config) for name, words in runs_of(model).items()}
        print(f"{model}\n")
        print("\n".join(table({name: read_result(results[name]) for name in RUNS})) + "\n")
        rows |= {f"{model} {name}": place for name, place in results.items()}
    rows |= {name: run(name, words, config) for name, words in CONTROLS.items()}
    print("| *synthetic*; chance 16.7 % | accuracy | sit taken for sit, stand, other | stand taken for |")
    print("|---|---|---|---|")
    for name, place in rows.items():
        print(f"| {name} | {said_of(place)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
