"""A contact sheet: clips by class, as recorded beside enhanced, as one HTML file or as a picture."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib.figure import Figure

from darkhar_cli.names import several
from darkhar_cli.report.clips_shown import encoded
from darkhar_cli.report.figures.style import INK, MUTED, styled

_INCH = 1.7  # width of a picture
_CAPTION, _HEAD, _GAP, _PAGE = 0.42, 0.42, 0.12, 11.0  # inches; of the page's width at most
_STYLE = """
:root{color-scheme:light dark}
body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem;color:#1b1f24;background:#fff}
h1{font-size:1.35rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .5rem}p{margin:.2rem 0;color:#57606a}
.clips{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;max-width:100%}
.pictures{display:flex;flex-wrap:wrap;gap:2px}.pictures div{flex:0 1 auto}
img{display:block;max-width:100%;height:auto;background:#000}
small{display:block;color:#57606a;font-size:11.5px}
figcaption{font-size:12.5px;overflow-wrap:anywhere;max-width:var(--wide)}figcaption b{font-weight:600}
@media screen and (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}p,small{color:#9da7b3}}
"""


@dataclass(frozen=True)
class ClipPictures:
    """One clip on the sheet.

    Attributes:
        id, group: the clip's; group empty where it is not known.
        luma: mean BT.601 luma of up to 16 frames, 0..255.
        n_frames, fps: its length and rate; 0 frames a second are not known.
        position: of the frame that is shown.
        pictures: what was done and the frame (H, W, 3) uint8 that it gives, in order.
    """

    id: str
    group: str
    luma: float
    n_frames: int
    fps: float
    position: int
    pictures: Sequence[tuple[str, np.ndarray]]

    def lines(self) -> list[str]:
        """Return what stands below the pictures, after the id."""
        group = [f"group {self.group}"] if self.group else []
        seconds = f" ({self.n_frames / self.fps:.1f} s)" if self.fps else ""
        return [*group, f"luma {self.luma:.1f}", f"{several(self.n_frames, 'frame')}{seconds}"]


def html(title: str, about: str, classes: Mapping[str, Sequence[ClipPictures]], counts: Mapping[str, int]) -> str:
    """Return the sheet as one HTML page that fetches nothing and needs no script.

    Args:
        title: the data set.
        about: a sentence on what is shown.
        classes: the clips by class.
        counts: how many clips each class has in all.
    """
    parts = [f"<h1>{escape(title)}</h1><p>{escape(about)}</p>"]
    for label, clips in classes.items():
        parts.append(f"<h2>{escape(_heading(label, len(clips), counts.get(label, 0)))}</h2>")
        parts.append(f'<div class="clips">{"".join(map(_figure, clips))}</div>')
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    page = f'<!doctype html><html lang="en"><head>{head}<title>{escape(title)}</title><style>{_STYLE}</style></head>'
    return f"{page}<body>{''.join(parts)}</body></html>\n"


def _heading(label: str, shown: int, count: int) -> str:
    words = f"{shown} of {count} clips" if shown < count else several(shown, "clip")
    return f"{label}: {words}" if label else words


def _figure(clip: ClipPictures) -> str:
    pictures, wide = "", 0
    for name, frame in clip.pictures:
        height, width = frame.shape[:2]
        wide += width + 2
        data = base64.b64encode(encoded(frame, ".jpg")).decode()
        alt = escape(f"{clip.id}, {name}", quote=True)
        image = (
            f'<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" alt="{alt}" loading="lazy">'
        )
        pictures += f"<div>{image}<small>{escape(name)}</small></div>"
    caption = f'<b dir="auto">{escape(clip.id)}</b><br>{escape(" · ".join(clip.lines()))}'
    place = f'<div class="pictures">{pictures}</div><figcaption>{caption}</figcaption>'
    return f'<figure style="--wide:{wide}px">{place}</figure>'


@styled
def draw(title: str, about: str, classes: Mapping[str, Sequence[ClipPictures]], counts: Mapping[str, int]) -> Figure:
    """Return the sheet as a figure; the arguments are those of `html`."""
    every = [clip for clips in classes.values() for clip in clips]
    wide = _INCH * len(every[0].pictures)
    across = max(1, int((_PAGE + _GAP) / (wide + _GAP)))
    tall = _INCH * max(f.shape[0] / f.shape[1] for clip in every for _, f in clip.pictures) + _CAPTION
    rows = {label: -(-len(clips) // across) for label, clips in classes.items()}
    height = 0.75 + sum(_HEAD + count * (tall + _GAP) for count in rows.values())
    width = max(across * (wide + _GAP), 6.0)
    figure = Figure(figsize=(width, height), label=f"{title}: contact sheet")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.text(0, height - 0.1, title, va="top", fontsize=12, weight="bold")
    axes.text(0, height - 0.36, about, va="top", fontsize=8, color=MUTED)
    top = height - 0.6
    for label, clips in classes.items():
        axes.text(
            0, top - 0.16, _heading(label, len(clips), counts.get(label, 0)), va="top", fontsize=10, weight="bold"
        )
        top -= _HEAD
        for number, clip in enumerate(clips):
            row, column = divmod(number, across)
            corner = column * (wide + _GAP), top - row * (tall + _GAP)
            for place, (_, frame) in enumerate(clip.pictures):
                left, low = corner[0] + place * _INCH, corner[1] - (_INCH - 0.03) * frame.shape[0] / frame.shape[1]
                axes.imshow(frame, extent=(left, left + _INCH - 0.03, low, corner[1]), interpolation="none")
            foot = corner[1] - tall + _CAPTION - 0.02
            axes.text(corner[0], foot, _short(clip.id, wide), va="top", fontsize=7.5, color=INK)
            axes.text(corner[0], foot - 0.16, " · ".join(clip.lines()), va="top", fontsize=6.5, color=MUTED)
        top -= rows[label] * (tall + _GAP)
    axes.set(xlim=(0, width), ylim=(0, height), aspect="auto")
    return figure


def _short(text: str, inches: float) -> str:
    """Return the end of a text that is too long for its place."""
    most = int(inches * 16)
    return text if len(text) <= most else f"…{text[1 - most :]}"
