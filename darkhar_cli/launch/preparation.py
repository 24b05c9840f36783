"""`darkhar prepare`: check every clip of a data set by decoding it, and store it for fast access."""

from collections.abc import Mapping
from typing import Any

from darkhar_cli import console
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.frame_times import irregular_note
from darkhar_cli.names import several
from darkhar_cli.report.fitting import grid_of, show_grid
from darkhar_cli.splits.group_patterns import proposal


def prepare(config: Mapping[str, Any]) -> None:
    """Prepare one data set and print what it holds.

    Raises:
        DarkharError: the data set is not what it should be, or clips are broken.
    """
    clips = clip_dataset.open_clips(config["dataset"])
    counts = clips.table.groupby(["split", "label"], sort=True)
    grid = grid_of(f"{clips.name}: {len(clips.table)} clips", ["split", "class", "clips", "groups", "frames"])
    for (split, label), part in counts:
        groups = part["group"].nunique() if part["group"].any() else 0
        frames = f"{part['n_frames'].min()}-{part['n_frames'].max()}"
        grid.add_row(split, label, str(len(part)), str(groups or "none"), frames)
    show_grid(grid, ["frames", "groups"], str(clips.folder / "clips.csv"))
    console.out.print(str(clips.folder), soft_wrap=True)
    for line in proposal(config["dataset"], clips.table):
        console.note(line)
    told = irregular_note(clips.table)
    if told:
        console.warn(told)
    if len(clips.skipped):
        many = several(len(clips.skipped), "broken clip", verb=True)
        console.warn(f"{many} left out: {clips.folder / 'skipped.csv'}")
    if len(clips.damaged):
        kept = ", ".join(f"{clip.id} ({clip.corrupt} of {clip.n_frames} frames)" for clip in clips.damaged.itertuples())
        console.warn(f"{several(len(clips.damaged), 'clip', 'with corrupt frames', verb=True)} kept: {kept}")
    if len(clips.excluded):
        console.warn(clips.excluded_in_words())
