"""Which results may be compared clip by clip: the same clips by content, trained on the same ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation.outcomes import Result


def by_twin(results: Sequence[Result]) -> tuple[list[Result], list[str]]:
    """Return the results with clips named by their twins' mark where they saw the same clips in other light.

    Otherwise they are returned as they are; the second value says in words that it was done.
    """
    paired = []
    for result in results:
        marks = result.clips["id"].map(result.twins)
        known = not (marks.isna().any() or (marks == "").any() or marks.duplicated().any())
        if not known or len({frozenset(result.clips["id"]) for result in results}) == 1:
            return list(results), []
        clips = result.clips.assign(id=marks).sort_values("id", ignore_index=True)
        folds = result.folds.assign(id=result.folds["id"].map(result.twins))
        folds = folds.sort_values(list(folds), ignore_index=True)
        same: dict[str, Any] = {"trained": result.trained_twins, "digests": {mark: mark for mark in marks}}
        paired.append(replace(result, clips=clips, folds=folds, **same))
    return paired, ["The runs saw twins, the same clips in other light or noise; clips are paired by their twin."]


def refuse_unpaired(first: Result, other: Result) -> None:
    """Refuse two results that do not score the same clips in the same folds, trained on the same clips.

    Raises:
        BadRequest: with the reason.
    """
    refuse_other_clips(first, other)
    pair = f"{first.folder} and {other.folder} cannot be compared"
    if first.split == "validation" and not first.folds.equals(other.folds):
        raise BadRequest(
            f"{pair}: their folds differ (cv {first.labels['cv']} and {other.labels['cv']}); give both the same cv "
            "and cv.seed"
        )
    if _training(first, other) != _training(other, first):
        raise BadRequest(f"{pair}: they were trained on other clips (by content), or on folds of other numbers")


def refuse_other_clips(first: Result, other: Result) -> None:
    """Refuse two results that do not score the same clips, by name and by content.

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
    changed = [name for name in sorted(ids) if first.digests.get(name, "") != other.digests.get(name, "")]
    if changed and first.digests and other.digests:
        raise BadRequest(
            f"{pair}: the contents of {len(changed)} of {len(ids)} scored clips differ ({changed[0]} is another clip "
            "under the same name)"
        )


def unproven(results: Sequence[Result]) -> list[str]:
    """Return sentences on runs that keep no digests of the clips they scored or were trained on, if there are any."""
    scored = [str(result.folder) for result in results if not result.digests]
    trained = [str(result.folder) for result in results if not _knows_training(result)]
    texts = []
    if scored:
        texts.append(
            f"No digests of the scored clips are kept in {_named(scored)} (an earlier version): that all score the "
            "same clips rests on the clips' names; train again to be sure."
        )
    if trained:
        texts.append(
            f"No digests of the training clips are kept in {_named(trained)}: nothing shows that all were trained on "
            "the same clips; train again to be sure."
        )
    return texts


def _training(result: Result, other: Result) -> list[tuple]:
    """Return what a result's folds were trained on; their numbers alone where it or the other one does not know."""
    known = _knows_training(result) and _knows_training(other)
    return result.trained if known else [fold[:2] for fold in result.trained]


def _knows_training(result: Result) -> bool:
    return bool(result.trained) and all(content for _, _, content in result.trained)


def _named(folders: Sequence[str]) -> str:
    return ", ".join(folders[:3]) + (f" and {len(folders) - 3} more" if len(folders) > 3 else "")
