"""Methods compared on the same clips: who is better, by how much, and whether that is evidence."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.caveats import cell
from darkhar_cli.evaluation.methods import Method, baseline_of, methods_of, seed_pairs
from darkhar_cli.evaluation.outcomes import Result
from darkhar_cli.evaluation.pairing import by_twin, refuse_other_clips, refuse_unpaired, unproven
from darkhar_cli.metrics import evidence, paired, statistics
from darkhar_cli.metrics.replicates import crossed
from darkhar_cli.names import printable

COLUMNS = ["rank", "name", "seeds", "n", "groups", "over", "recall_macro", "recall_lower", "recall_upper", "recall_sd"]
COLUMNS += ["accuracy", "lower", "upper", "interval", "chance", "difference", "difference_lower", "difference_upper"]
COLUMNS += ["p", "p_holm", "mcnemar", "smallest", "share_difference", "share_lower", "share_upper", "verdict"]
COLUMNS += ["warnings", "folder"]

Level = tuple[float, float, float]  # a number and the ends of its interval


@dataclass(frozen=True)
class Comparison:
    """Methods compared.

    Attributes:
        table: a row per method, best first; columns `COLUMNS`, of which `difference` and what follows it up to `p_holm`
            are about macro recall, `smallest` is what would have been found with 80 % power, by so many comparisons.
        baseline: the name of the method that the others are compared with.
        sentences: one of each comparison.
        notes: how things were paired, what was excluded, the runs' warnings.
    """

    table: pd.DataFrame
    baseline: str
    sentences: list[str]
    notes: list[str]

    @property
    def sentence(self) -> str:
        """Return what the comparisons say, in words."""
        return " ".join(self.sentences)


def compare(results: Sequence[Result], baseline: str | None = None) -> Comparison:
    """Compare the methods that the results are of with one of them; seeds of a method are its replicates.

    Args:
        results: of two runs or more.
        baseline: see `methods.baseline_of`.

    Raises:
        BadRequest: results that cannot be paired, or no such baseline.
    """
    results, notes = by_twin(results)
    notes += unproven(results)
    methods = methods_of(results)
    base = baseline_of(methods, baseline)
    for other in results:
        refuse_other_clips(methods[base].results[0], other)
    by = paired.clusters_of([result.clips for result in results])
    differences: dict[int, paired.Difference] = {}
    for i, method in enumerate(methods):
        if i != base:
            pairs, remarks = seed_pairs(methods[base], method)
            notes += remarks
            differences[i] = _difference(pairs, by)
    adjusted = dict(zip(differences, paired.holm([result.p for result in differences.values()]), strict=True))
    rows, sentences = [], []
    for i, method in enumerate(methods):
        row = _row(method, by) | {"verdict": "baseline" if len(methods) > 1 else ""}
        if difference := differences.get(i):
            row |= _difference_row(difference, adjusted[i], len(differences))
            names = methods[base].name, method.name
            chance = max(_chance(methods[base]), _chance(method))  # one number, on the careful side
            sentences.append(evidence.sentence(difference, *names, adjusted[i], len(differences), chance))
        rows.append(row)
    table = pd.DataFrame(rows).sort_values("recall_macro", ascending=False, kind="stable", ignore_index=True)
    ranks = table["recall_macro"].round(9).rank(method="min", ascending=False).astype(int)  # equals share one
    table = table.assign(rank=ranks).reindex(columns=COLUMNS)
    return Comparison(
        table, methods[base].name, sentences, [*notes, *_closing(methods, differences), *_warnings(methods)]
    )


def _difference(pairs: Sequence[tuple[Result, Result]], by: statistics.Clusters) -> paired.Difference:
    for first, other in pairs:
        refuse_unpaired(first, other)
    return paired.compare([first.clips for first, _ in pairs], [other.clips for _, other in pairs], by)


def _chance(method: Method) -> float:
    """Return what guessing scores on a method's folds: the mean over its results."""
    return float(np.mean([result.chance for result in method.results]))


def _row(method: Method, by: statistics.Clusters) -> dict[str, Any]:
    """Return what a method scores: macro recall and share of clips, means over its seeds, with their intervals."""
    clips = method.results[0].clips
    rights = np.stack([result.clips["right"].to_numpy(float) for result in method.results])
    recall, share, how = levels(rights, clips["label"], by)
    groups = clips["group"]
    return {
        "name": method.name,
        "seeds": len(rights),
        "n": len(clips),
        "groups": groups[groups != ""].nunique(),
        "over": by.words,
        "interval": how,
        "chance": _chance(method),
        "recall_sd": crossed(rights, clips["label"], by).spread,
        "warnings": cell(dict.fromkeys(text for result in method.results for text in result.warnings)),
        "folder": shlex.join(printable(str(result.folder)) for result in method.results),
        **dict(zip(("recall_macro", "recall_lower", "recall_upper"), recall, strict=True)),
        **dict(zip(("accuracy", "lower", "upper"), share, strict=True)),
    }


def levels(rights: np.ndarray, labels: pd.Series, by: statistics.Clusters) -> tuple[Level, Level, str]:
    """Return macro recall and share of clips, each with its ends, and what those rest on; of one seed as its summary.

    Args:
        rights: of each seed and clip (S, N).
        labels: classes (N,).
        by: clusters of the clips.
    """
    if len(rights) == 1:
        recall, share = statistics.recall_interval(rights[0], labels, by), statistics.share_interval(rights[0], by)
        return (
            (recall.value, recall.low, recall.high),
            (share.value, share.low, share.high),
            statistics.basis(recall, share),
        )
    recalls, shares = crossed(rights, labels, by), crossed(rights, np.zeros(len(labels)), by)
    how = f"t over {by.words} and {len(rights)} seeds"
    if by.count < statistics.FEWEST:
        how = f"too few {by.kind}s for an interval ({by.count})"
    return (recalls.value, *recalls.share_interval()), (shares.value, *shares.share_interval()), how


def _difference_row(difference: paired.Difference, p_adjusted: float, comparisons: int) -> dict[str, Any]:
    spans = difference.recall.interval(), difference.share.interval()
    return {
        "difference": difference.recall.value,
        "difference_lower": spans[0][0],
        "difference_upper": spans[0][1],
        "share_difference": difference.share.value,
        "share_lower": spans[1][0],
        "share_upper": spans[1][1],
        "p": difference.p,
        "p_holm": p_adjusted,
        "mcnemar": difference.mcnemar,
        "smallest": difference.smallest(comparisons),
        "verdict": evidence.verdict(difference, p_adjusted),
    }


def _closing(methods: Sequence[Method], differences: dict[int, paired.Difference]) -> list[str]:
    """Return what holds for all sentences."""
    if len(methods) == 1:
        return [f"All {len(methods[0].seeds)} runs are seeds of one method: there is nothing to compare it with."]
    return [evidence.ONE_SEED] if any(not result.of_methods for result in differences.values()) else []


def _warnings(methods: Sequence[Method]) -> list[str]:
    """Return the runs' warnings, each once, with the methods that it is about where it is not about all."""
    about: dict[str, list[str]] = {}
    for method in methods:
        for text in dict.fromkeys(text for result in method.results for text in result.warnings):
            about.setdefault(text, []).append(method.name)
    return [
        f"warning: {text}" + ("" if len(names) == len(methods) else f" ({', '.join(names)})")
        for text, names in about.items()
    ]
