"""A run's model card: Markdown with the YAML header that the Hugging Face Hub reads, from the run folder alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from darkhar_cli.config.streams import streams_of
from darkhar_cli.evaluation.stored_run import classes_of, settings_of
from darkhar_cli.export.licences import licences
from darkhar_cli.files.tables import write_text
from darkhar_cli.names import printable
from darkhar_cli.report.terminal import headlines, percent, span
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.stream_facts import read_streams

CARD = "README.md"
_NOTHING = "there is none"
_USE = """\
Meant for research on recognising actions in dark video, and for trying such models on clips like those it was trained
on. It names one of its classes for every clip, whether or not any of them is shown. It was not tested for decisions
about people (surveillance, safety, driving, medicine), on other cameras or scenes, or on people unlike those in its
training clips; test it on labelled clips of your own first:
`darkhar evaluate RUN dataset=video_folder dataset.root=DIR`.
"""


def write_card(run: Run, path: Path, about: Sequence[str], tags: Sequence[str] = ()) -> None:
    """Write a run's model card.

    Args:
        run: finished.
        path: of the file.
        about: lines that say which model of the run lies beside the card, and how to use it.
        tags: further ones, for the header.

    Raises:
        FailedWork: it cannot be written.
    """
    write_text(path, card_of(run, about, tags))


def card_of(run: Run, about: Sequence[str], tags: Sequence[str] = ()) -> str:
    """Return a run's model card, see `write_card`."""
    config, facts = settings_of(run), run.facts()
    summary = run.read("metrics/summary.csv")
    labels = facts.get("labels", {})
    title = " · ".join(str(labels[key]) for key in ("sampler", "enhance", "extractor", "classifier") if key in labels)
    data = _data(run, facts)
    parts = [
        f"# {_text(config.get('name') or 'darkhar')}: {_text(title)}",
        "\n".join(about),
        _section("Classes", ", ".join(f"`{_text(name)}`" for name in classes_of(run))),
        _section("Intended use, and what it is not for", _USE.rstrip()),
        _section("Training data", _list(data)),
        _section("How well it does", _numbers(summary)),
        _section("By brightness", _brightness(run)),
        _section("Warnings", _list([_text(text) for text in run.caveats()] or [_NOTHING])),
        _section("Licence", _list(_licence_lines(config, facts))),
        _section("How it was trained", _list(_training(run, facts))),
        _section("Versions", ", ".join(f"{key} {value}" for key, value in facts.get("versions", {}).items())),
        _section("Configuration", f"```yaml\n{_config_text(run)}\n```"),
    ]
    return _header(config, summary, facts, tags) + "\n\n".join(parts) + "\n"


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _text(value: Any) -> str:
    """Return text that Markdown shows as it is."""
    kept = printable(str(value))
    for sign in "\\*<|[":
        kept = kept.replace(sign, f"\\{sign}")
    return kept.replace("`", "'")


def _header(config: Mapping[str, Any], summary: pd.DataFrame, facts: Mapping[str, Any], tags: Sequence[str]) -> str:
    """Return the YAML header: https://huggingface.co/docs/hub/model-cards#model-card-metadata."""
    name, data = str(config.get("name") or "darkhar"), str(config["dataset"]["name"])
    results = [
        {
            "task": {"type": "video-classification"},
            "dataset": {"name": data, "type": data, "split": str(row["split"])},
            "metrics": [
                {"type": "recall", "name": "macro recall", "value": round(float(row["recall_macro"]), 4)},
                {"type": "accuracy", "name": "share of clips", "value": round(float(row["accuracy"]), 4)},
            ],
        }
        for _, row in summary.iterrows()
        if row["of"] == "folds"
    ]
    head = {
        "license": "other",
        "license_name": "see-the-section-on-licence",
        "library_name": "keras",
        "pipeline_tag": "video-classification",
        "tags": ["darkhar", "human-action-recognition", "dark-video", *tags],
        "model-index": [{"name": name, "results": results}],
    }
    if facts.get("data", {}).get("synthetic"):
        head["tags"] = [*head["tags"], "synthetic"]
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n"


def _data(run: Run, facts: Mapping[str, Any]) -> list[str]:
    """Return lines on the clips: how many, in which groups, how many of each class."""
    kept, table = facts.get("data", {}), run.read("assignment.csv")
    clips = table.drop_duplicates("digest" if "digest" in table else "id")
    training = clips[clips["split"] != "test"]
    synthetic = ": drawn by a program, **synthetic**" if kept.get("synthetic") else ""
    lines = [f"data set `{_text(kept.get('name', ''))}`{synthetic} (fingerprint `{kept.get('fingerprint', '')}`)"]
    grouped = [group for group in training["group"].fillna("").astype(str).unique() if group]
    lines += [f"{len(training)} training clips in {len(grouped)} groups (recordings, scenes or people)" if grouped else
              f"{len(training)} training clips; groups are not known"]  # fmt: skip
    each = training["label"].value_counts().sort_index()
    lines += ["clips of each class: " + ", ".join(f"{_text(name)} {count}" for name, count in each.items())]
    held = len(clips) - len(training)
    lines += [f"{held} clips of the official test split were scored, never trained on"] if held else []
    rates = facts.get("training_clips", {}).get("rates")
    lines += [f"frames per second: {', '.join(f'{rate:g}' for rate in rates)}"] if rates else []
    lines += [f"{count} clips were {what}" for what, count in (("skipped", kept.get("skipped")),) if count]
    return lines


def _numbers(summary: pd.DataFrame) -> str:
    """Return what was scored, with intervals, as sentences and a table."""
    rows = ["| split | clips | macro recall | 95 % | share of clips | 95 % | calibration error | chance |"]
    rows += ["|---|---|---|---|---|---|---|---|"]
    for _, row in summary.iterrows():
        name = f"{row['split']}{', ensemble' if row['of'] == 'ensemble' else ''}"
        numbers = [percent(row["recall_macro"]), span(row), percent(row["accuracy"]), span(row, "")]
        ends = [percent(row["calibration_error"]), percent(row["chance"])]
        rows.append(f"| {' | '.join([name, str(row['n']), *numbers, *ends])} |")
    said = [_text(line) for line in headlines(summary)]
    how = (
        "Of the folds' models on clips that they were not trained on; models trained on all clips have no such number."
    )
    return "\n\n".join([how, "\n".join(rows), *said])


def _brightness(run: Run) -> str:
    """Return the share of right clips by the clips' mean luma as a table."""
    table = run.read("metrics/brightness.csv")
    table = table[table["n"] > 0]
    if table.empty:
        return "not measured"
    rows = ["| split | mean luma (0 to 255) | clips | right | 95 % |", "|---|---|---|---|---|"]
    for _, row in table.iterrows():
        band = f"{row['low']} to {row['high']}"
        rows.append(f"| {row['split']} | {band} | {row['n']} | {percent(row['accuracy'])} | {span(row, '')} |")
    return "\n".join(rows)


def _licence_lines(config: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    extractors = [parts["extractor"] for parts in streams_of(config).values()]
    return [
        *licences(extractors, read_streams(facts)),
        "the trained weights: whoever trained them decides, within what the licences of the clips and of the "
        "pretrained weights allow; fill in `license` above before you publish them",
        "darkhar's code: Apache-2.0",
    ]


def _training(run: Run, facts: Mapping[str, Any]) -> list[str]:
    labels, folds = facts.get("labels", {}), facts.get("folds", [])
    lines = [f"{len(folds)} models by cross-validation (`{labels.get('cv', '')}`), seed {labels.get('seed', '')}"]
    final = run.final()
    if final:
        lines.append(
            f"final model: all {final['clips']} training clips, {final['epochs']} epochs; what to expect of it: "
            f"{_text(final['expected'])}"
        )
    lines += [f"trained {'on frames' if facts.get('mode') == 'end_to_end' else 'on stored features'}, "
              f"{facts.get('precision', '')}, {facts.get('device', '')}, {facts.get('started', '')[:10]}"]  # fmt: skip
    return lines


def _config_text(run: Run) -> str:
    """Return config.yaml without the paths of the machine that it ran on."""
    config = settings_of(run)
    return yaml.safe_dump(_without_paths(config), sort_keys=False, allow_unicode=True).rstrip().replace("```", "'''")


def _without_paths(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _without_paths(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_without_paths(value) for value in node]
    return f".../{Path(node).name}" if isinstance(node, str) and Path(node).is_absolute() else node
