"""The page of a run and of an evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from darkhar_cli.config import safe_yaml
from darkhar_cli.labels import METHOD_LABELS, PART_KINDS, ROW_LABELS
from darkhar_cli.report.page import about, breakdown, confusion, figures, headline, mistakes
from darkhar_cli.report.page.layout import page, section
from darkhar_cli.report.page.tables import table
from darkhar_cli.runs.run_folder import Run


def run_page(run: Run, drawings: Mapping[str, str]) -> str:
    """Return the page of a finished run.

    Args:
        run: the run.
        drawings: its figures, SVG documents by name.
    """
    config, facts = configuration_of(run), run.facts()
    head = run.read("metrics/folds.csv").iloc[0]
    kind = f"A run of darkhar, cross-validated ({head['cv']}), seed {head['seed']}{_on(facts)}"
    fingerprint = str(facts.get("data", {}).get("fingerprint", ""))
    dataset = config.get("dataset", {})
    return page(
        title_of(head),
        kind,
        run.caveats(),
        headline.headline(run),
        about.about(run),
        *_details(run, drawings, config, dataset, fingerprint),
    )


def evaluation_page(evaluation: Run, run: Run, drawings: Mapping[str, str]) -> str:
    """Return the page of an evaluation: a run's models on other clips.

    Args:
        evaluation: its folder.
        run: whose models were scored.
        drawings: its figures.
    """
    facts, config = evaluation.facts(), configuration_of(run)
    head, data = evaluation.read("metrics/folds.csv").iloc[0], facts.get("data", {})
    typed = about.command_in_words("evaluate", [run.folder.name, *facts.get("words", ())])
    known = {
        "date": str(facts.get("evaluated", ""))[:10],
        "models of the run": run.folder.name,
        "data": data.get("name"),
        "clips": about.counted(evaluation),
        "models": len(facts.get("models", ())),
        "method": title_of(head, METHOD_LABELS[1:-1]),
    }
    what = section("What was run", about.command(typed), about.facts_list(known), about.configuration(run))
    return page(
        f"{data.get('name', head['dataset'])}, {facts.get('split', '')} clips: {title_of(head, METHOD_LABELS[1:-1])}",
        f"An evaluation by darkhar of the models of {run.folder.name}{_on(known)}",
        evaluation.caveats(),
        headline.headline(evaluation),
        what,
        *_details(evaluation, drawings, config, data.get("dataset", {}), str(data.get("fingerprint", ""))),
    )


def title_of(head: pd.Series, labels: Sequence[str] = METHOD_LABELS[:-1]) -> str:
    """Return what a row of a table is of, as a title."""
    return " · ".join(str(head[name]) for name in labels)


def configuration_of(run: Run) -> dict[str, Any]:
    """Return a run's configuration, empty where that cannot be read."""
    path = run.folder / "config.yaml"
    try:
        made: Any = safe_yaml.read_stored(path)
    except Exception:  # gone, or no yaml of ours
        return {}
    return made if isinstance(made, dict) and set(PART_KINDS) <= set(made) else {}


def _on(facts: Mapping[str, Any]) -> str:
    day = str(facts.get("started") or facts.get("date") or "")[:10]
    return f", {day}" if day else ""


def _details(
    run: Run, drawings: Mapping[str, str], config: Mapping[str, Any], dataset: Mapping[str, Any], fingerprint: str
) -> list[Any]:
    """Return the sections that stand below a run's numbers."""
    chance = headline.number(run.read("metrics/summary.csv").iloc[0]["chance"])
    folds = run.read("metrics/folds.csv").drop(columns=list(ROW_LABELS))
    return [
        confusion.confusion(run),
        breakdown.recordings(run, chance),
        breakdown.brightness(run, chance),
        mistakes.mistakes(run, config, dataset, fingerprint),
        figures.enhancement_card(run.record().enhancement_card),
        section("Classes", table(run.read("metrics/per_class.csv"), "classes")),
        section("Folds", table(folds, "folds")),
        figures.figures(drawings),
    ]
