"""How figures look: colours that colour-blind readers tell apart, on a light page and on a dark one.

Okabe and Ito's colours (2008), the lighter ones darkened until lines of them stand out from white. An SVG follows its
reader's page (`prefers-color-scheme`) by rules that programs which do not know them pass over; a PNG is light.
"""

import base64
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from xml.sax.saxutils import quoteattr

import cv2
import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure

INK, MUTED, FAINT, GROUND = "#1b1f24", "#57606a", "#d0d7de", "#ffffff"
BLUE, VERMILLION, GREEN, PURPLE, OCHRE = "#0072b2", "#d55e00", "#008f68", "#b05a8c", "#a87400"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, OCHRE)
CHANNELS = (("red", VERMILLION, "-"), ("green", GREEN, "--"), ("blue", BLUE, ":"))  # of RGB, told apart by lines too
_DARK = {INK: "#e6edf3", MUTED: "#9da7b3", FAINT: "#3d444d", GROUND: "#0d1117"}
_DARK |= {BLUE: "#58b0ee", VERMILLION: "#ff9455", GREEN: "#35c9a0", PURPLE: "#e59fc9", OCHRE: "#e0a93b"}
_QUALITY = 92  # of pictures in an SVG, as JPEG
_CLASS = "darkhar-figure"
_STYLE: Any = {
    "svg.hashsalt": "darkhar",  # else element names are drawn at random
    "svg.fonttype": "none",  # text stays text: whoever shows it has fonts for all scripts
    "text.parse_math": False,  # `$x$` is a name
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same widths everywhere
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "figure.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=SERIES),
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "grid.color": FAINT,
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), GROUND),
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), INK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), MUTED),
}
_P = ParamSpec("_P")
_R = TypeVar("_R")


def styled(draw: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a function draw in this style; matplotlib's own settings are as before when it ends."""

    @wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with mpl.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return drawn


@contextmanager
def _saving() -> Iterator[None]:
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)  # only widths are guessed then
        warnings.filterwarnings("ignore", "Matplotlib currently does not support .* natively", UserWarning)
        yield


def svg(figure: Figure) -> str:
    """Return a figure as SVG text, the same each time; its label says what it shows to those who cannot see it."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with _saving():
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata=nothing)
    text = re.sub(r"<style[^>]*>.*?</style>", f"<style>{_rules()}</style>", buffer.getvalue(), count=1, flags=re.S)
    text = re.sub(r"data:image/png;base64,([^\"]+)", _as_jpeg, text)
    text = re.sub(r'(<g) id="[^"]*"', r"\1", text)  # of several figures on a page they would be the same
    about = f'class="{_CLASS}" role="img" aria-label={quoteattr(str(figure.get_label()))}'
    return text.replace("<svg ", f"<svg {about} ", 1)


def png(figure: Figure, dpi: int = 160) -> bytes:
    """Return a figure as PNG, on a light ground."""
    buffer = io.BytesIO()
    with _saving():
        figure.savefig(buffer, format="png", bbox_inches="tight", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def _as_jpeg(found: re.Match[str]) -> str:
    """Return a picture in an SVG as JPEG, a tenth of its size; one that is not opaque as it is."""
    pixels: Any = cv2.imdecode(np.frombuffer(base64.b64decode(found[1]), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels.ndim < 3 or (pixels.shape[2] == 4 and pixels[..., 3].min() < 255):
        return found[0]
    data = cv2.imencode(".jpg", pixels[..., :3], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"


def _rules() -> str:
    """Return the style sheet of an SVG: what is of a colour has another one on a dark screen.

    Its selectors name no element around: a marker that is used again has none.
    """
    every = "".join(
        f':is(path,use,text,g,rect)[style*="{what}: {light}"]{{{what}:{dark} !important}}'
        for light, dark in _DARK.items()
        for what in ("fill", "stroke")
    )
    joins = f".{_CLASS} *{{stroke-linejoin:round;stroke-linecap:butt}}"
    return f"{joins}@media screen and (prefers-color-scheme:dark){{{every}}}"
