"""The conclusion of a comparison in a sentence, or the reason why there is none."""

import numpy as np

from darkhar_cli.metrics.paired import ALPHA, Difference
from darkhar_cli.metrics.statistics import BACKGROUND, CLIP, FEWEST

ONE_SEED = (
    "With one seed each these sentences are about the trained models, not about the methods, for two seeds of one "
    "method often differ as much; for the methods train each with several seeds: darkhar train -m seed=0,1,2,3,4 ..."
)


def points(value: float, sign: str = "+") -> str:
    """Return a difference in points, `+2.1`, never `-0.0`."""
    return f"{round(100 * value, 1) + 0:{sign}.1f}"


def verdict(result: Difference, p_adjusted: float) -> str:
    """Return `better`, `worse` or `no evidence`; of trained models, `better model` and `worse model`."""
    if not p_adjusted < ALPHA:
        return "no evidence"
    return ("better" if result.recall.value > 0 else "worse") + ("" if result.of_methods else " model")


def sentence(
    result: Difference, name_a: str, name_b: str, p_adjusted: float, comparisons: int = 1, chance: float = np.nan
) -> str:
    """Return a comparison in plain words; p_adjusted, by `holm` over all comparisons, alone decides.

    Args:
        result: how b differs from a.
        name_a: what a is called.
        name_b: what b is called.
        p_adjusted: of the difference in macro recall.
        comparisons: how many are made.
        chance: what guessing scores; nan where nobody knows.
    """
    if not result.n:
        return f"No clips to compare {name_a} and {name_b} by."
    if p_adjusted < ALPHA:
        swap = result.recall.value < 0  # the winner comes first
        winner, loser = (name_a, name_b) if swap else (name_b, name_a)
        by = points(abs(result.recall.value), "")
        facts = ", ".join(_facts(result, p_adjusted, swap))
        what = f"{winner} is better than {loser} by {by} points of macro recall ({facts})."
        return what if result.of_methods else f"Of these two trained models, {what}"
    models = "" if result.of_methods else ", these two trained models"
    facts = ", ".join([f"{points(result.recall.value)} points of macro recall", *_facts(result, p_adjusted, False)])
    what = f"No evidence of a difference between {name_a} and {name_b}{models} ({facts})."
    return " ".join([what, *reasons(result, comparisons, chance)])


def _facts(result: Difference, p_adjusted: float, swap: bool) -> list[str]:
    """Return interval, p, what they rest on, and the share of clips."""
    low, high = result.recall.interval()
    low, high, share = (-high, -low, -result.share.value) if swap else (low, high, result.share.value)
    few = f"no interval of fewer than {FEWEST} {result.by.kind}s"
    return [
        few if np.isnan(low) else f"95 % interval {points(low)} to {points(high)}",
        "p < 0.001" if p_adjusted < 0.001 else f"p = {p_adjusted:.{'2f' if p_adjusted >= 0.1 else '3g'}}",
        *([f"{result.seeds} seeds"] if result.of_methods else []),
        _clips(result),
        f"share of clips {points(share)}",
    ]


def _clips(result: Difference) -> str:
    clips = f"{result.n} clip{'s' if result.n != 1 else ''}"
    if result.by.kind == CLIP:
        return f"{clips} taken as independent"
    unknown = "; no groups are known, so this may be too sure" if result.by.kind == BACKGROUND else ""
    return f"{clips} in {result.by.words}{unknown}"


def reasons(result: Difference, comparisons: int, chance: float) -> list[str]:
    """Return why there is no evidence: too little differs, nothing is above chance, and what could have been shown."""
    needed = result.needed(comparisons)
    texts = []
    if result.by.count < needed:
        texts.append(f"{result.by.words} cannot decide it: no test can by fewer than {needed}.")
    elif result.differing < needed:
        texts.append(f"{_differing(result)}, and no test can decide by fewer than {needed}.")
    if not np.isnan(chance) and not _above(result, chance):
        texts.append(f"Neither is shown to be above chance ({100 * chance:.1f} %).")
    smallest = result.smallest(comparisons)
    if not np.isnan(smallest):
        texts.append(
            "The smallest difference that this comparison would have shown in four of five cases (80 % power) is "
            f"{points(smallest, '')} points."
            if smallest < 1
            else "No difference could have been shown with 80 % power by so few: not even one of 100 points."
        )
    return texts


def _differing(result: Difference) -> str:
    many = f"Only {result.differing}" if result.differing else "None"
    text = f"{many} of {result.by.words} {'differs' if result.differing == 1 else 'differ'} between the two"
    return f"{text} (in {result.cancelling}, gains and losses cancel out)" if result.cancelling else text


def _above(result: Difference, chance: float) -> bool:
    return any(side.share_interval()[0] > chance for side in (result.a, result.b))
