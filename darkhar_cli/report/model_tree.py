"""An experiment before it runs, on the terminal: its model as a tree, and what it would take."""

import os
import platform
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from darkhar_cli import console
from darkhar_cli.labels import METHOD_LABELS
from darkhar_cli.models.layer_costs import LayerCost
from darkhar_cli.report.fitting import grid_of, show_grid
from darkhar_cli.training.model_costs import ClassifierCost, ModelCosts, PartCost, StreamCost
from darkhar_cli.training.pending_features import PendingFeatures
from darkhar_cli.training.summary import ExperimentSummary

_MOST_LAYERS = 12  # of a part; more are counted by kind
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_NOTE = "dim italic"
Row = tuple[int, str, str, str, str, str]  # depth, name, output, parameters, operations, style


def show_summary(labels: Mapping[str, Any], summary: ExperimentSummary, every_layer: bool = False) -> None:
    """Print the model as a tree, and below it parameters, operations, time and memory.

    Args:
        labels: of the experiment's row in tables.
        summary: of the experiment.
        every_layer: show all layers of every part.
    """
    title = " · ".join(str(labels[key]) for key in METHOD_LABELS)
    show_grid(model_table(title, summary.costs, every_layer), ["output"])
    for name, text in _lines(summary):
        console.say(f"{name}: {text}")


def model_table(title: str, costs: ModelCosts, every_layer: bool = False) -> Table:
    """Return a row for each part and layer, their depth drawn before their names."""
    grid = grid_of(title, ["model", "output", "parameters", "FLOPs a clip"])
    for column, justify in zip(grid.columns, ("left", "left", "right", "right"), strict=True):
        column.justify = justify  # type: ignore[assignment]  # one of rich's words
    grid.columns[0].no_wrap = True
    rows = list(_rows(costs, every_layer))
    drawn = guides([row[0] for row in rows], [row[5] == _NOTE for row in rows])
    for row, guide in zip(rows, drawn, strict=True):
        grid.add_row(Text.assemble((guide, "dim"), (row[1], row[5])), *(Text(cell, row[5]) for cell in row[2:5]))
    return grid


def guides(depths: Sequence[int], notes: Sequence[bool]) -> list[str]:
    """Return what is drawn before each row of a tree.

    Args:
        depths: how deep each row lies.
        notes: whether a row says more of the one before, so that no line leads to it.
    """
    drawn = []
    for i, depth in enumerate(depths):
        lines = ["│  " if _goes_on(depths, notes, i, level) else "   " for level in range(1, depth)]
        end = "" if not depth else "├─ " if _goes_on(depths, notes, i, depth) else "└─ "
        if notes[i]:
            end = "│  " if _goes_on(depths, notes, i, depth) else "   "
        drawn.append("".join(lines) + end)
    return drawn


def _goes_on(depths: Sequence[int], notes: Sequence[bool], at: int, level: int) -> bool:
    """Whether a later row hangs from the line at some level that passes a row."""
    for depth, note in zip(depths[at + 1 :], notes[at + 1 :], strict=True):
        if depth <= level and not note:
            return depth == level
    return False


def _rows(costs: ModelCosts, every_layer: bool) -> Iterator[Row]:
    several = len(costs.streams) > 1 or len(costs.classifiers) > 1
    for stream in costs.streams:
        own = [one for one in costs.classifiers if set(one.streams) <= set(stream.names)]
        yield from _stream(stream, own, several, every_layer)
    for classifier in costs.classifiers:
        if not any(set(classifier.streams) <= set(stream.names) for stream in costs.streams):
            yield 0, f"{' + '.join(classifier.streams)}, {classifier.joined}", "", "", "", "bold"
            yield from _part(classifier.part, 1, every_layer)
    if costs.fusion:
        yield 0, f"fusion: {costs.fusion}", costs.classifiers[0].part.output, "", "", "bold"


def _stream(stream: StreamCost, own: Sequence[ClassifierCost], several: bool, every_layer: bool) -> Iterator[Row]:
    first, *rest = stream.parts
    name = f"clip, {', '.join(stream.names)}" if several else "clip"
    yield 0, name, first.output, "", "", "bold"
    yield 1, first.note, "", "", "", _NOTE
    for part in rest:
        yield from _part(part, 1, every_layer)
    for classifier in own:
        of = f", {classifier.streams[0]}" if len(own) > 1 else ""
        yield from _part(classifier.part, 1, every_layer, of)


def _part(part: PartCost, depth: int, every_layer: bool, of: str = "") -> Iterator[Row]:
    name = f"{part.kind} {part.name}{of}".rstrip()
    if part.kind not in ("extractor", "classifier"):
        yield depth, name, part.output, "", "", ""
        return
    yield depth, name, part.output, _count(part.parameters), _short(part.operations), "bold"
    yield depth + 1, part.note, "", "", "", _NOTE
    if part.layer:
        yield from _layers(part.layer.layers, part.times, depth + 1, every_layer)


def _layers(layers: Sequence[LayerCost], times: int, depth: int, every_layer: bool) -> Iterator[Row]:
    shown = layers if every_layer else [layer for layer in layers if layer.parameters or layer.layers]
    if len(shown) > _MOST_LAYERS and not every_layer:
        kinds = Counter(layer.kind for layer in shown)
        for kind, count in kinds.most_common(_MOST_LAYERS):
            of_kind = [layer for layer in shown if layer.kind == kind]
            known = [layer.operations for layer in of_kind if layer.operations is not None]
            done = times * sum(known) if len(known) == count else None
            parameters = sum(layer.parameters for layer in of_kind)
            yield depth, f"{count} {kind}", "", _count(parameters), _short(done), ""
        return
    for layer in shown:
        done = None if layer.operations is None else times * layer.operations
        output = "x".join("any" if size is None else str(size) for size in layer.shape or ())
        yield depth, called(layer), output, _count(layer.parameters), _short(done), ""
        yield from _layers(layer.layers, times, depth + 1, every_layer)


def called(layer: LayerCost) -> str:
    """Return a layer's class, and its name where somebody gave it one."""
    plain = re.sub(r"[^a-z]|(?<=\w)_\d+$", "", layer.name.lower())
    own = plain != re.sub(r"[^a-z]", "", layer.kind.lower())
    return f"{layer.kind} {layer.name}" if own else layer.kind


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}" if number else "0"


def _short(number: int | None) -> str:
    """Return a number of operations in three digits: `1.14 G`; `?` where it is not known."""
    if number is None:
        return "?"
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def _lines(summary: ExperimentSummary) -> Iterator[tuple[str, str]]:
    """Yield what is told below the tree: a name, and a sentence."""
    costs, times = summary.costs, summary.times
    yield "mode", f"{summary.mode} ({summary.why})"
    yield "parameters", f"{costs.parameters:,}, of them {costs.trained:,} trained"
    uncounted = f"; not counted: {', '.join(costs.uncounted)}" if costs.uncounted else ""
    yield "FLOPs a clip", f"{_short(costs.operations)}{uncounted}"
    if times:
        stages = ", ".join(f"{name} {_ms(spent)}" for name, spent in times.stages.items() if spent >= 0.05)
        what = f"{times.frames} frames, {times.seconds:.1f} s" if times.real else "of noise, 90 frames of 240 x 320"
        machine = f"{platform.machine()}, {os.cpu_count()} cores"
        yield "time a clip", f"{_ms(times.total)} on this machine ({machine}; {what}): {stages}"
    parts = [f"{what} {_bytes(size)}" for what, size in summary.memory.parts.items() if size >= 10 << 20]
    yield "memory", f"about {_bytes(summary.memory.total)} at the peak: {', '.join(parts)}"
    for one in summary.pending or ():
        yield "to compute", pending_words(one)


def pending_words(one: PendingFeatures) -> str:
    """Return in words how many frames have to be computed, and how many are stored."""
    if one.stored is None:
        return f"{one.what}: up to {one.frames:,} frames"
    left = one.frames - one.stored
    if not one.cache:
        return f"{one.what}: {one.frames:,} to be read"
    if not left:
        return f"{one.what}: nothing, all {one.frames:,} frames are stored"
    stored = f", {one.stored:,} are stored" if one.stored else ", none is stored"
    return f"{one.what}: {left:,} of {one.frames:,} frames{stored}"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def _bytes(size: int) -> str:
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{size / (1 << 20):.0f} MB"
