"""`darkhar check`: what a data set's clips look like in numbers, beside real dark clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, FailedWork

if TYPE_CHECKING:
    import pandas as pd

    from darkhar_cli.data.clip_dataset import Clips

_ENOUGH = 50  # clips: percentiles of fewer say little


def run(words: Sequence[str]) -> None:
    """Print the acceptance table of the data set that the words name.

    Raises:
        BadRequest: unknown words, or a data set that is not where or what it should be.
        FailedWork: clips cannot be read, or do not look as they claim to.
    """
    from darkhar_cli import console
    from darkhar_cli.config import request
    from darkhar_cli.data import clip_dataset
    from darkhar_cli.data.frame_times import irregular_note
    from darkhar_cli.data.low_light_statistics import acceptance
    from darkhar_cli.files.tables import write_csv

    dataset, asked = _read(words)
    clips = clip_dataset.open_clips(dataset)
    if len(clips.excluded):
        console.note(clips.excluded_in_words())
    rows = clips.table.index[clips.table["light"] != "bright"].tolist() or clips.table.index.tolist()
    held = clips.like_real and len(rows) >= _ENOUGH
    seen = _measured(clips, rows)
    real = None
    if "real" in asked:
        theirs = clip_dataset.open_clips(request.read_dataset(["dataset=ee6222har", f"dataset.root={asked['real']}"]))
        real = _measured(theirs, theirs.table.index.tolist())
    table = acceptance(seen, held, real)
    _show(table, f"{clips.name}: {len(rows)} of {len(clips.table)} clips", None if real is None else len(real))
    if clips.like_real and not held:
        console.note(f"{len(rows)} clips are too few to be held to the tolerances; take config=small, medium or full")
    told = irregular_note(clips.table)
    if told:
        console.warn(told)
    if "to" in asked:
        write_csv(Path(asked["to"]), table)
    out = table.loc[table["ok"] == "out", "quantity"].tolist()
    if out:
        raise FailedWork(f"out of tolerance: {'; '.join(out)}")


def _read(words: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the checked `dataset` node, and what was asked besides."""
    from darkhar_cli.config import request

    asked, chosen = {}, []
    for word in words:
        key, _, value = word.partition("=")
        if not value or not VERB.knows(word):
            raise VERB.refusal(word)
        if key in ("real", "to"):
            asked[key] = str(Path(value).expanduser().absolute())
        else:
            chosen.append(word)
    if "to" in asked and Path(asked["to"]).is_dir():
        raise BadRequest(f"to={asked['to']} is a folder; give a file")
    return request.read_dataset(chosen), asked


def _measured(clips: Clips, rows: Sequence[int]) -> pd.DataFrame:
    from darkhar_cli import console
    from darkhar_cli.data.low_light_statistics import measured

    with console.progress(f"check {clips.name}", len(rows)) as progress:
        return measured(clips, rows, progress.advance)


def _show(table: pd.DataFrame, title: str, real: int | None) -> None:
    """Print the table; columns that nothing stands in are left out."""
    import pandas as pd
    from rich.text import Text

    from darkhar_cli import console
    from darkhar_cli.report.terminal import grid_of

    held, columns = (table["ok"] != "").any(), ["", "clips", "real (246)"]
    columns += [f"here ({real})"] if real is not None else []
    columns += ["accepted", "ok"] if held else []
    grid = grid_of(title, columns, "real: 246 clips of EE6222 (ARID); luma 0..255")
    grid.columns[0].no_wrap = True
    for _, row in table.iterrows():
        cells = [row["value"], row["real"], *([row["here"]] if real is not None else [])]
        texts: list[Any] = ["" if pd.isna(cell) else f"{cell:.2f}" for cell in cells]
        if held:
            span = "" if pd.isna(row["low"]) else f"{row['low']:.2f} to {row['high']:.2f}"
            texts += [span, Text(row["ok"], "red" if row["ok"] == "out" else "")]
        grid.add_row(row["quantity"], *texts)
    console.out.print(grid)


VERB = Verb(
    name="check",
    summary="measure brightness, noise and flicker of a data set's clips, beside real dark clips",
    place=21,
    takes="dataset=, dataset.*=, real=DIR and to=FILE",
    keys=("dataset", "dataset.", "real", "to"),
    examples=(
        ("check", "the embedded data set; exit code 1 where a tolerance is not met"),
        ("check dataset=NAME dataset.root=DIR", "any other; nothing is claimed of it, so it has no tolerances"),
        ("check ... real=DIR", "measure the real clips of ee6222har in DIR too, by the same code"),
        ("check ... to=FILE", "also write the table as csv"),
    ),
    run=run,
    notes="""
Tolerances hold for dark_synth's dark clips in regime=arid, config small, medium or full; bright twins are not
measured with them. Choose clips with dataset= and dataset.*, as in prepare. Clips whose frames are more than half a
frame off a constant rate are named.
""",
)
