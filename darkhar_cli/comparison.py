"""Runs paired clip by clip: who is better, by how much, and whether that is evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
from omegaconf import OmegaConf

from darkhar_cli import metrics, paired, stats
from darkhar_cli.errors import BadRequest
from darkhar_cli.names import printable
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
        dataset: the settings of its data set.
        twins: clip -> its mark in common with its twin in another light, where clips have one.
        trained_twins: as `trained`, of those marks.
    """

    folder: Path
    split: str
    labels: dict[str, str]
    clips: pd.DataFrame
    folds: pd.DataFrame
    trained: list[tuple[int, int, str]]
    dataset: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)
    trained_twins: list[tuple[int, int, str]] = field(default_factory=list)


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
    listed = run.read("assignment.csv").astype(str)
    trained, twins = (
        [(fold["repeat"], fold["fold"], fold.get(f"training_{what}")) for fold in run.facts().get("folds", ())]
        for what in ("ids", "twins")
    )
    labels = {key: str(table.iloc[0][key]) for key in LABELS}
    marks = dict(zip(listed["id"], listed["twin"], strict=True)) if "twin" in listed else {}
    folds = listed[["repeat", "fold", "id", "split"]]
    return Result(folder, split, labels, clips, folds, trained, _dataset(folder), marks, twins)


def _dataset(folder: Path) -> dict[str, str]:
    """Return the data set's settings that a run was started with, without those that say where things are."""
    path = folder / "config.yaml"
    node = OmegaConf.to_container(OmegaConf.load(path)).get("dataset", {}) if path.is_file() else {}
    return {f"dataset.{key}": str(value) for key, value in node.items() if key not in ("name", "data_dir", "on_error")}


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
    about = [result.dataset | result.labels for result in results]
    keys = dict.fromkeys([*LABELS, *(key for one in about for key in one)])
    differing = [key for key in keys if len({one.get(key) for one in about}) > 1]
    names = [" ".join(f"{key}={one[key]}" for key in differing if key in one) for one in about]
    return names if len(set(names)) == len(names) and all(names) else [result.folder.name for result in results]


def by_twin(results: Sequence[Result]) -> tuple[list[Result], list[str]]:
    """Return the results with clips named by their twins' mark where they saw the same clips in other light.

    Otherwise they are returned as they are; the second value says in words that it was done.
    """
    seen = {(frozenset(result.clips["id"]), tuple(result.trained)) for result in results}
    paired = []
    for result in results:
        marks = result.clips["id"].map(result.twins)
        if len(seen) == 1 or marks.isna().any() or (marks == "").any() or marks.duplicated().any():
            return list(results), []
        clips = result.clips.assign(id=marks).sort_values("id", ignore_index=True)
        folds = result.folds.assign(id=result.folds["id"].map(result.twins))
        folds = folds.sort_values(list(folds), ignore_index=True)
        paired.append(replace(result, clips=clips, folds=folds, trained=result.trained_twins))
    return paired, ["The runs saw twins, the same clips in other light or noise; clips are paired by their twin."]


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
    results, said = by_twin(results)
    base = baseline_of(results)
    for other in results:
        refuse_unpaired(results[base], other)
    names = names_of(results)
    others = [i for i in range(len(results)) if i != base]
    found = {i: paired.compare(results[base].clips, results[i].clips) for i in others}
    adjusted = dict(zip(others, paired.holm([found[i]["p"] for i in others]), strict=True))
    rows, sentences = [], said
    for i, result in enumerate(results):
        low, high, how = stats.interval(result.clips["right"], result.clips["group"])
        row = {"name": names[i], "n": len(result.clips), "accuracy": result.clips["right"].mean(), "lower": low}
        row |= {"upper": high, "interval": how, "folder": printable(str(result.folder)), "verdict": "baseline"}
        if i in found:
            one = found[i]
            row |= {"difference": one["difference"], "difference_lower": one["lower"], "p": one["p"]}
            row |= {"difference_upper": one["upper"], "p_holm": adjusted[i], "mcnemar": one["mcnemar"]}
            better = "better" if one["difference"] > 0 else "worse"
            row["verdict"] = better if adjusted[i] < paired.ALPHA else "no evidence"
            sentences.append(paired.sentence(one, names[base], names[i], adjusted[i]))
        row["chance"] = 1 / result.clips["label"].nunique()
        groups = result.clips["group"]
        row["groups"] = groups[groups != ""].nunique()
        rows.append(row)
    table = pd.DataFrame(rows).sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)
    return table.assign(rank=range(1, len(table) + 1)).reindex(columns=COLUMNS), sentences
