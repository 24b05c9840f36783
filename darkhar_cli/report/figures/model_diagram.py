"""The model of a configuration: what a clip goes through, stream by stream."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from darkhar_cli.config import schema
from darkhar_cli.config.streams import streams_of
from darkhar_cli.report.figures.style import BLUE, GREEN, INK, MUTED, PURPLE, VERMILLION, styled

_WIDE, _TALL, _GAP = 1.86, 1.3, 0.42  # inches of a box, and between boxes
_KINDS = (("sampler", BLUE), ("enhance", VERMILLION), ("extractor", GREEN), ("classifier", PURPLE))
_TITLES = {"sampler": "frame sampler", "enhance": "enhancement", "extractor": "feature extractor"}
_MOST, _LONGEST = 4, 26  # lines of parameters in a box, letters of a line


@styled
def draw(config: Mapping[str, Any], classes: int | None = None) -> Figure:
    """Return the parts of a checked configuration in the order of their work, with what flows between them.

    Args:
        config: the configuration.
        classes: how many, where that is known.
    """
    streams = streams_of(config)
    several = len(streams) > 1
    columns = 2 + len(_KINDS)
    size = columns * (_WIDE + _GAP), len(streams) * (_TALL + 0.55) + 0.3
    figure = Figure(figsize=size, label="the model")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, size[0]), ylim=(0, size[1]))
    axes.set_axis_off()
    middle = (size[1] - 0.3) / 2
    _box(axes, 0, middle, "clip", MUTED, ["n, H, W, 3", "RGB, 0 to 255", "uint8"])
    ends = []
    for number, (name, parts) in enumerate(streams.items()):
        height = size[1] - 0.3 - (number + 0.5) * (_TALL + 0.55)
        _arrow(axes, (_right(0), middle), (_left(1), height), "")
        _stream(axes, height, name, parts)
        ends.append((_right(len(_KINDS)), height))
    fusion = "" if not several else "mean log-probability" if config["fusion"] == "late" else "one classifier"
    for end in ends:
        _arrow(axes, end, (_left(columns - 1), middle), "" if several else "logits")
    many = f"{classes} classes" if classes else "classes"
    _box(axes, columns - 1, middle, f"fusion: {config['fusion']}" if several else "action", MUTED, [fusion, many])
    return figure


def _left(column: int) -> float:
    return column * (_WIDE + _GAP) + _GAP / 2


def _right(column: int) -> float:
    return _left(column) + _WIDE


def _stream(axes: Axes, height: float, name: str, parts: Mapping[str, Any]) -> None:
    words = {
        "sampler": _of_part("sampler", parts["sampler"]),
        "enhance": _of_chain(parts["enhance"]),
        "extractor": _of_part("extractor", parts["extractor"]),
        "classifier": _of_part("classifier", parts["classifier"]),
    }
    flows = {"enhance": "frames", "extractor": "float32", "classifier": "features"}
    for column, (kind, colour) in enumerate(_KINDS, start=1):
        head = _TITLES.get(kind, kind)
        _box(axes, column, height, head, colour, words[kind])
        if column > 1:
            _arrow(axes, (_right(column - 1), height), (_left(column), height), flows[kind])
    if name:
        axes.text(_left(1), height + _TALL / 2 + 0.2, f"stream {name}", color=INK, fontsize=9, weight="bold")


def _of_part(kind: str, node: Mapping[str, Any]) -> list[str]:
    """Return a part's name and its parameters: first those that differ from its file's, then its other own ones."""
    known = schema.options(kind).get(node["name"])
    defaults, shared = known.defaults if known else {}, schema.shared_parameters(kind)
    told = {key: value for key, value in node.items() if key != "name" and _telling(value)}
    first = [key for key, value in told.items() if key not in defaults or value != defaults[key]]
    rest = [key for key in told if key not in first and key not in shared]
    return _lines(str(node["name"]), [f"{key}={_value(told[key])}" for key in [*first, *rest]])


def _of_chain(chain: Mapping[str, Any]) -> list[str]:
    """Return the names of a chain, and the parameters of the first ones."""
    words = []
    for name, parameters in chain.items():
        head = f"{name}." if len(chain) > 1 else ""
        words += [f"{head}{key}={_value(value)}" for key, value in (parameters or {}).items() if _telling(value)]
    return _lines(" + ".join(chain), words)


def _lines(name: str, words: Sequence[str]) -> list[str]:
    """Return a box's lines, none too long, and the last one saying that there are more."""
    kept = words if len(words) <= _MOST else [*words[: _MOST - 1], "…"]
    return [_cut(name), *map(_cut, kept)]


def _telling(value: Any) -> bool:
    return value not in (None, [], {}, "") and len(_value(value)) <= 16


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).replace("'", "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _box(axes: Axes, column: int, height: float, head: str, colour: str, lines: Sequence[str]) -> None:
    """Draw a box: what kind of part, its name, its parameters."""
    left, bottom = _left(column), height - _TALL / 2
    round_ = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch((left, bottom), _WIDE, _TALL, round_, facecolor="none", edgecolor=colour, lw=1.6))
    axes.text(left + 0.1, height + _TALL / 2 - 0.1, head, color=colour, fontsize=8, va="top")
    kept = [line for line in lines if line]
    for number, line in enumerate(kept):
        weight, size, colour_ = ("bold", 9, INK) if number == 0 else ("normal", 7.5, MUTED)
        place = height + _TALL / 2 - 0.32 - 0.17 * number - (0.04 if number else 0)
        axes.text(left + 0.1, place, line, color=colour_, fontsize=size, weight=weight, va="top")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], word: str) -> None:
    look = {"arrowstyle": "-|>", "color": MUTED, "lw": 1.2, "shrinkA": 1, "shrinkB": 1}
    axes.annotate("", end, start, arrowprops=look)
    if word:
        axes.text((start[0] + end[0]) / 2, start[1] + 0.06, word, ha="center", va="bottom", fontsize=6.5, color=MUTED)
