"""`darkhar check`: the doctor of a data set: every clip decoded, what is wrong named, what it looks like measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, FailedWork

if TYPE_CHECKING:
    import pandas as pd

    from darkhar_cli.data.clip_dataset import Clips
    from darkhar_cli.data.doctor.data_set import Checkup

_ENOUGH = 50  # clips: percentiles of fewer say little
_FRAMES = 8  # of the default sampler
_OWN = ("real", "to", "folder", "frames")


def run(words: Sequence[str]) -> None:
    """Examine the data set that the words name, print what is found and write it to a folder.

    Raises:
        BadRequest: unknown words, or a data set that is not where or what it should be.
        FailedWork: something is wrong with clips, or they do not look as they claim to.
    """
    from darkhar_cli import console
    from darkhar_cli.config import own_parts, request
    from darkhar_cli.data import clip_dataset
    from darkhar_cli.data.doctor.data_set import examine_all

    dataset, asked = _read(own_parts.settled(words))
    real = None
    if "real" in asked:
        theirs = clip_dataset.open_clips(request.read_dataset(["dataset=ee6222har", f"dataset.root={asked['real']}"]))
        real = _measured(theirs, theirs.table.index.tolist())
    with _progress(dataset["name"]) as started:
        found = examine_all(dataset, int(asked.get("frames", _FRAMES)), started, console.note)
    every = found.measured()
    folder = Path(asked.get("folder") or Path("outputs/check").absolute() / _folder_name(dataset))
    faults = _tell(found, every, folder)
    if len(every):
        faults += _accept(found, every, real, asked.get("to"))
    console.out.print(str(folder), soft_wrap=True)
    if faults:
        raise FailedWork("; ".join(faults))


def _accept(found: Checkup, every: pd.DataFrame, real: pd.DataFrame | None, to: str | None) -> list[str]:
    """Print brightness, noise and flicker, write them where asked; return what is out of tolerance in words."""
    from darkhar_cli import console
    from darkhar_cli.data.frame_times import irregular_note
    from darkhar_cli.data.low_light_statistics import acceptance
    from darkhar_cli.files.tables import write_csv

    seen = every[every["light"] != "bright"] if (every["light"] != "bright").any() else every
    held = found.like_real and len(seen) >= _ENOUGH
    table = acceptance(seen, held, real)
    _show(table, f"{found.name}: {len(seen)} of {len(found.clips)} clips", None if real is None else len(real))
    if found.like_real and not held:
        few = f"{len(seen)} clips are too few to be held to the tolerances"
        console.note(f"{few}; take config=small, medium or full")
    if told := irregular_note(every):
        console.warn(told)
    if to:
        write_csv(Path(to), table)
    out = table.loc[table["ok"] == "out", "quantity"].tolist()
    return [f"out of tolerance: {'; '.join(out)}"] if out else []


def _progress(name: str) -> Any:
    """Return a context that gives what `examine_all` wants to be told its progress by."""
    from contextlib import ExitStack, contextmanager

    from darkhar_cli import console

    @contextmanager
    def shown() -> Any:
        with ExitStack() as stack:

            def started(count: int) -> Callable[[], None]:
                return stack.enter_context(console.progress(f"check {name}", count)).advance

            yield started

    return shown()


def _folder_name(dataset: dict[str, Any]) -> str:
    from darkhar_cli.data.clip_dataset import fingerprint

    return f"{dataset['name']}-{fingerprint(dataset)[:12]}"


def _tell(found: Checkup, measured: pd.DataFrame, folder: Path) -> list[str]:
    """Print what is found by kind and class, write tables and pictures; return what is wrong in words."""
    from darkhar_cli.data.doctor.findings import table_of
    from darkhar_cli.files.tables import write_csv
    from darkhar_cli.names import several
    from darkhar_cli.report import checkup_tables

    table = table_of(found.findings)
    write_csv(folder / "check.csv", table)
    write_csv(folder / "clips.csv", measured)
    classes = checkup_tables.classes(measured)
    write_csv(folder / "classes.csv", classes)
    checkup_tables.show_findings(table, len(found.clips), found.name)
    checkup_tables.show_classes(classes)
    _draw(found, measured, folder)
    wrong = table[table["wrong"] == 1]
    if wrong.empty:
        return []
    kinds = ", ".join(f"{count} x {kind}" for kind, count in wrong["kind"].value_counts(sort=False).items())
    many = several(len(wrong), "thing", verb=True)
    return [f"{many} wrong with these clips: {kinds}; each is named in {folder / 'check.csv'}"]


def _draw(found: Checkup, measured: pd.DataFrame, folder: Path) -> None:
    from darkhar_cli.report import checkup

    if measured.empty:
        return
    checkup.overview(measured, folder / "overview.png")
    readable = sorted((clip for clip in found.clips if clip.readable), key=lambda clip: clip.statistics["mean"])
    by_class: dict[str, list[Any]] = {label: [] for label in sorted({clip.source.label for clip in readable})}
    for clip in readable:
        by_class[clip.source.label].append(clip.picture)
    checkup.contact_sheet(by_class, folder / "clips.png")
    pictures: dict[str, Any] = {clip.source.id: clip.picture for clip in readable}
    pairs = [
        (f"{one.id} ~ {one.other}", pictures[one.other], pictures[one.id])
        for one in found.findings
        if one.kind.startswith("near-duplicate")
    ]
    checkup.pairs_sheet(pairs, folder / "near_duplicates.png")


def _read(words: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the checked `dataset` node, and what was asked besides."""
    from darkhar_cli.config import request

    asked, chosen = {}, []
    for word in words:
        key, _, value = word.partition("=")
        if not value or not VERB.knows(word):
            raise VERB.refusal(word)
        if key in ("real", "to", "folder"):
            asked[key] = str(Path(value).expanduser().absolute())
        elif key == "frames":
            asked[key] = value
        else:
            chosen.append(word)
    if not asked.get("frames", "1").isdigit() or int(asked.get("frames", "1")) < 1:
        raise BadRequest(f"frames={asked['frames']!r}: allowed is an int >= 1, as sampler.frames")
    if "to" in asked and Path(asked["to"]).is_dir():
        raise BadRequest(f"to={asked['to']} is a folder; give a file")
    if "folder" in asked and Path(asked["folder"]).is_file():
        raise BadRequest(f"folder={asked['folder']} is a file; give a folder")
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

    from darkhar_cli.report.fitting import grid_of, show_grid

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
    show_grid(grid, ["ok", "accepted", "clips"])


VERB = Verb(
    name="check",
    summary="examine a data set: broken, doubtful and doubled clips, wrong labels, brightness, noise and flicker",
    place=21,
    takes="dataset=, dataset.*=, real=DIR, to=FILE, folder=DIR, frames=N, plugins=FILE and --config-dir DIR",
    keys=("dataset", "dataset.", *_OWN, "plugins"),
    words=("--config-dir",),
    examples=(
        ("check", "the embedded data set; exit code 1 where a tolerance is not met"),
        ("check dataset=NAME dataset.root=DIR", "any other, prepared or not; exit code 1 where anything is wrong"),
        ("check ... frames=32", "name clips shorter than 32 frames (default: 8, as the default sampler)"),
        ("check ... folder=DIR", "where check.csv and pictures go (default: outputs/check/NAME-HASH)"),
        ("check ... real=DIR", "measure the real clips of ee6222har in DIR too, by the same code"),
        ("check ... to=FILE", "also write the table of brightness and noise as csv"),
    ),
    run=run,
    notes="""
Every clip is decoded. Wrong are clips that are missing, empty, cut off, damaged, without frames or no video; labels
that the folder or equal bytes contradict; the same bytes, the same take or the same group in two splits; classes
without a training clip. Worth knowing, and no fault: copies and near-duplicates within a split, short clips, irregular
frame times, rotation, other frame sizes or ranges, clips that are black or do not move.

Tolerances hold for dark_synth's dark clips in regime=arid, config small, medium or full; bright twins are not
measured with them. Choose clips with dataset= and dataset.*, as in prepare.
""",
)
