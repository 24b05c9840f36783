"""Runs paired clip by clip: who is better, by how much, and whether that is evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from darkhar_cli import metrics, stats
from darkhar_cli.errors import BadRequest
from darkhar_cli.runs import Run
from darkhar_cli.sweeps import LABELS

COLUMNS = ["rank", "name", "n", "groups", "accuracy", "lower", "upper", "interval", "chance"]
COLUMNS += ["difference", "difference_lower", "difference_upper", "p", "p_holm", "mcnemar", "verdict", "folder"]


@dataclass(frozen=True)
class Result:
    """What a finished run says of each clip.

    Attributes:
        folder: the run's.
        split: `validation`, or `test` where nothing else was scored.
        labels: dataset, sampler, enhance, extractor, classifier, cv, seed.
        clips: a row per clip: id, group, label, right (mean over folds and repeats).
        folds: clip -> fold, as in assignment.csv.
        trained: what each fold was trained on, as a hash of the clips' contents.
    """

    folder: Path
    split: str
    labels: dict[str, str]
    clips: pd.DataFrame
    folds: pd.DataFrame
    trained: list[tuple[int, int, str]]


def read_result(folder: Path) -> Result:
    """Read a finished run.

    Raises:
        BadRequest: no run, or one that is not finished.
    """
    run = Run(folder)
    if not run.done:
        what = "is not finished" if (folder / "run.json").is_file() else "is no run folder"
        raise BadRequest(f"{folder} {what}; compare takes finished runs, or the folder of a sweep")
    predictions, table = run.read("predictions.csv"), run.read("metrics/folds.csv")
    split = "validation" if (predictions["split"] == "validation").any() else "test"
    clips = metrics.per_clip(predictions, split)
    folds = run.read("assignment.csv")[["repeat", "fold", "id", "split"]].astype(str)
    trained = [(fold["repeat"], fold["fold"], fold.get("training_ids")) for fold in run.facts().get("folds", ())]
    return Result(folder, split, {key: str(table.iloc[0][key]) for key in LABELS}, clips, folds, trained)


def read_results(folders: Sequence[Path]) -> list[Result]:
    """Read runs and the finished jobs of sweeps, each once, in the order given.

    Raises:
        BadRequest: fewer than two results.
    """
    found: dict[Path, Result] = {}
    for folder in folders:
        if not folder.is_dir():
            raise BadRequest(f"{folder}: no such folder")
        jobs = [folder]
        if (folder / "sweep.csv").is_file():
            jobs = sorted(path.parent for path in folder.glob("*/DONE"))
            if not jobs:
                raise BadRequest(f"{folder}: no job of this sweep is finished")
        for job in jobs:
            found.setdefault(job.resolve(), read_result(job))
    if len(found) < 2:
        raise BadRequest("compare needs two or more finished runs, or the folder of a sweep")
    return list(found.values())


def names_of(results: Sequence[Result]) -> list[str]:
    """Return short names: what differs between the results (`enhance=histeq`), else their folders."""
    differing = [key for key in LABELS if len({result.labels[key] for result in results}) > 1]
    names = [" ".join(f"{key}={result.labels[key]}" for key in differing) for result in results]
    return names if len(set(names)) == len(names) and all(names) else [result.folder.name for result in results]


def refuse_unpaired(first: Result, other: Result) -> None:
    """Refuse two results that do not score the same clips in the same folds.

    Raises:
        BadRequest: with the reason.
    """
    pair = f"{first.folder} and {other.folder} cannot be compared"
    if first.split != other.split:
        raise BadRequest(f"{pair}: one scores the {first.split} split, the other {other.split}")
    ids, others = set(first.clips["id"]), set(other.clips["id"])
    if ids != others:
        lacks = sorted(ids ^ others)[0]
        raise BadRequest(f"{pair}: they score different clips ({len(ids)} and {len(others)}; {lacks} is in one only)")
    if not first.clips[["id", "label", "group"]].equals(other.clips[["id", "label", "group"]]):
        raise BadRequest(f"{pair}: their clips have different labels or groups")
    if first.split == "validation" and not first.folds.equals(other.folds):
        raise BadRequest(
            f"{pair}: their folds differ (cv {first.labels['cv']} and {other.labels['cv']}); give both the same cv "
            "and cv.seed"
        )
    if first.split == "validation" and first.trained != other.trained:
        raise BadRequest(f"{pair}: the clips' contents differ (other data under the same names)")


def baseline_of(results: Sequence[Result]) -> int:
    """Return which result the others are compared with: the first with `enhance=none`, else the first."""
    return next((i for i, result in enumerate(results) if result.labels["enhance"] == "none"), 0)


def compare(results: Sequence[Result]) -> tuple[pd.DataFrame, list[str]]:
    """Return the ranked table (columns `COLUMNS`) and a sentence for each comparison with the baseline.

    Raises:
        BadRequest: results that cannot be paired.
    """
    base = baseline_of(results)
    for other in results:
        refuse_unpaired(results[base], other)
    names = names_of(results)
    others = [i for i in range(len(results)) if i != base]
    found = {i: stats.compare(results[base].clips, results[i].clips) for i in others}
    adjusted = dict(zip(others, stats.holm([found[i]["p"] for i in others]), strict=True))
    rows, sentences = [], []
    for i, result in enumerate(results):
        low, high, how = stats.interval(result.clips["right"], result.clips["group"])
        row = {"name": names[i], "n": len(result.clips), "accuracy": result.clips["right"].mean(), "lower": low}
        row |= {"upper": high, "interval": how, "folder": str(result.folder), "verdict": "baseline"}
        if i in found:
            one = found[i]
            row |= {"difference": one["difference"], "difference_lower": one["lower"], "p": one["p"]}
            row |= {"difference_upper": one["upper"], "p_holm": adjusted[i], "mcnemar": one["mcnemar"]}
            better = "better" if one["difference"] > 0 else "worse"
            row["verdict"] = better if adjusted[i] < stats.ALPHA else "no evidence"
            sentences.append(stats.sentence(one, names[base], names[i], adjusted[i]))
        row["chance"] = 1 / result.clips["label"].nunique()
        groups = result.clips["group"]
        row["groups"] = groups[groups != ""].nunique()
        rows.append(row)
    table = pd.DataFrame(rows).sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)
    return table.assign(rank=range(1, len(table) + 1)).reindex(columns=COLUMNS), sentences
