"""The worst mistakes: clips that were surely taken for another class, a frame of each dark and as the model saw it."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from darkhar_cli.config.streams import streams_of
from darkhar_cli.data import clip_dataset
from darkhar_cli.errors import DarkharError
from darkhar_cli.report import worst_mistakes
from darkhar_cli.report.page.layout import section
from darkhar_cli.report.page.markup import Html, joined, tag
from darkhar_cli.report.worst_mistakes import Mistake, MistakeShown
from darkhar_cli.runs.run_folder import Run

_FOR_THE_EYE = ("gamma", {"gamma": 0.4})  # where a model was fed dark frames, to let a reader see them
_MOST = 6  # that are shown
_AWAY = "The clips are not at hand (their prepared data are not on this machine), so no frames are shown."


def mistakes(run: Run, config: Mapping[str, Any], dataset: Mapping[str, Any], fingerprint: str) -> Html | None:
    """Return the worst mistakes of a run's first split, with frames where the clips are at hand.

    Args:
        run: a run or an evaluation.
        config: the run's configuration; empty where that is gone.
        dataset: the `dataset` group of the clips.
        fingerprint: of the prepared data that hold them.
    """
    if not (run.folder / "predictions.csv").is_file():
        return None
    split = run.read("metrics/summary.csv").iloc[0]["split"]
    worst = _varied(worst_mistakes.worst_mistakes(run.read("predictions.csv"), split, most=10_000))
    if not worst:
        return section("Worst mistakes", tag("p", f"No {split} clip is taken for another class."))
    chain, caption = _chain(config)
    shown, why = _shown(worst, dataset, fingerprint, chain)
    about = f"{split} clips that are taken for another class, the surest first, of each recording and confusion once."
    return section(
        "Worst mistakes",
        tag("p", f"{about} {why or caption}", class_="note"),
        tag("div", [_card(one, shown.get(one.id)) for one in worst], class_="mistakes"),
    )


def _varied(worst: Sequence[Mistake]) -> list[Mistake]:
    """Return the first mistakes of each recording and pair of classes; they are often alike."""
    kinds = {(one.group or one.id, one.label, one.predicted): one for one in reversed(worst)}
    return [one for one in worst if kinds[one.group or one.id, one.label, one.predicted] is one][:_MOST]


def _chain(config: Mapping[str, Any]) -> tuple[list[Any], str]:
    """Return the first stream's enhancement that does anything, else one for the reader, and what the picture is."""
    chains = [parts["enhance"] for parts in streams_of(config).values()] if config else []
    chain = next((one for one in chains if set(one) - {"none"}), None)
    if chain is None:
        return [_FOR_THE_EYE], "Left as the model saw it; right brightened by gamma 0.4, for the reader alone."
    parts = [(name, dict(parameters or {})) for name, parameters in chain.items()]
    return parts, f"Left as recorded, right as the model saw it ({'+'.join(chain)})."


def _shown(
    worst: Sequence[Mistake], dataset: Mapping[str, Any], fingerprint: str, chain: list[Any]
) -> tuple[dict[str, MistakeShown], str]:
    """Return the mistakes' frames by clip, and why there are none."""
    clips = clip_dataset.at_hand(dataset, fingerprint) if dataset and fingerprint else None
    if clips is None:
        return {}, _AWAY
    try:
        return {one.mistake.id: one for one in worst_mistakes.shown(worst, clips, chain)}, ""
    except DarkharError as problem:
        return {}, f"Their frames cannot be shown: {problem}."


def _card(one: Mistake, shown: MistakeShown | None) -> Html:
    frames = None
    if shown:
        pictures = [_picture(shown.dark, f"{one.id} as recorded"), _picture(shown.enhanced, f"{one.id} enhanced")]
        frames = tag("div", pictures, class_="frames")
    at = f", frame {shown.position}" if shown else ""
    told = joined(
        tag("strong", one.label, dir="auto"),
        " taken for ",
        tag("strong", one.predicted, dir="auto"),
        f" ({100 * one.p_predicted:.0f}\u00a0%; its own class {100 * one.p_label:.0f}\u00a0%)",
    )
    where = f"{one.id}{f', {one.group}' if one.group else ''}{at}"
    return tag("figure", frames, tag("p", told), tag("figcaption", where, dir="auto"), class_="mistake")


def _picture(data: bytes, what: str) -> Html:
    kind = "png" if data[:4] == b"\x89PNG" else "jpeg"
    return tag("img", src=f"data:image/{kind};base64,{b64encode(data).decode()}", alt=what, loading="lazy")
