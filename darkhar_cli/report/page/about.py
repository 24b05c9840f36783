"""What was done: the command as it was typed, when, on which clips, and the whole configuration folded away."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from darkhar_cli.config import safe_yaml
from darkhar_cli.metrics.tables import ENSEMBLE
from darkhar_cli.names import several
from darkhar_cli.report.page.layout import section
from darkhar_cli.report.page.markup import Html, folded, joined, scrolling, tag
from darkhar_cli.runs.run_folder import Run

_ESCAPED = r"\\+(?=$)|\\+'"  # what `config.request` escapes: backslashes before a quote, and at the end


def command_in_words(verb: str, words: Sequence[str]) -> str:
    """Return a command as a shell reads it."""
    return " ".join(["darkhar", verb, *(shlex.quote(_as_typed(str(word))) for word in words)])


def _as_typed(word: str) -> str:
    """Return a word without the quotes that Hydra needs around a path or a text: the program puts them there itself."""
    key, sign, value = word.partition("=")
    inside = value[1:-1]
    if not sign or len(value) < 2 or value[0] != "'" or value[-1] != "'" or re.search(r"(?<!\\)'|,", inside):
        return word
    return f"{key}={re.sub(_ESCAPED, lambda found: found[0][len(found[0]) // 2 :], inside)}"


def command(text: str) -> Html:
    """Return a command as a block."""
    return tag("pre", text, class_="command")


def facts_list(facts: Mapping[str, Any]) -> Html:
    """Return what is known, name and value; what is empty is left out."""
    return tag("dl", [joined(tag("dt", name), tag("dd", str(value))) for name, value in facts.items() if value])


def about(run: Run) -> Html:
    """Return a run's command, date, clips, groups and configuration."""
    words = run.facts().get("overrides")
    path = run.folder / "overrides.yaml"
    if words is None and path.is_file():
        words = safe_yaml.read_stored(path, resolved=False)
    return section(
        "What was run",
        command(command_in_words("train", words)) if words is not None else None,
        facts_list(_facts(run)),
        configuration(run),
    )


def _facts(run: Run) -> dict[str, Any]:
    facts, folds = run.facts(), run.read("metrics/folds.csv")
    head, data = folds.iloc[0], facts.get("data", {})
    count = len(folds.loc[folds["fold"].astype(str) != ENSEMBLE, ["repeat", "fold"]].drop_duplicates())
    devices = [facts.get("device"), facts.get("precision")]
    return {
        "date": str(facts.get("started", ""))[:10],
        "data": data.get("name") or head["dataset"],
        "clips": counted(run),
        "classes": ", ".join(data.get("classes", ())),
        "method": f"{head['sampler']} · {head['enhance']} · {head['extractor']} · {head['classifier']}",
        "folds": f"{head['cv']}, {several(count, 'fold')}",
        "seed": str(head["seed"]),
        "computed on": ", ".join(str(one) for one in devices if one),
        "folder": run.folder.name,
    }


def counted(run: Run) -> str:
    """Return how many clips of how many groups each split has, in words; nothing where predictions are gone."""
    if not (run.folder / "predictions.csv").is_file():
        return ""
    predictions, words = run.read("predictions.csv"), []
    for split, part in predictions.groupby("split", sort=False):
        groups = part.loc[part["group"] != "", "group"].nunique()
        where = f" in {several(groups, 'group')}" if groups else ", groups not known"
        words.append(f"{split}: {several(part['id'].nunique(), 'clip')}{where}")
    return "; ".join(sorted(words, reverse=True))


def configuration(run: Run) -> Html | None:
    """Return the whole configuration, folded away."""
    path = run.folder / "config.yaml"
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    return folded("the whole configuration", scrolling("configuration", tag("pre", text)))
