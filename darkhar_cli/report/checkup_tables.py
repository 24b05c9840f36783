"""What a reader sees of a data set's examination on the terminal: findings by kind, clips by class."""

import pandas as pd
from rich.text import Text

from darkhar_cli import console
from darkhar_cli.report.terminal import grid_of

_MOST = 60  # classes that are printed


def classes(clips: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each split and class: clips, groups, fewest, median and most frames, darkest, median, brightest.

    Args:
        clips: columns split, label, group, frames, mean (luma, 0..255).
    """
    rows = []
    for (split, label), part in clips.groupby(["split", "label"], sort=True) if len(clips) else ():
        about = {"split": split, "label": label, "clips": len(part), "groups": len(set(part["group"]) - {""})}
        for name, column in (("frames", part["frames"]), ("luma", part["mean"])):
            about |= {f"{name}_least": column.min(), f"{name}_median": column.median(), f"{name}_most": column.max()}
        rows.append(about)
    columns = ["split", "label", "clips", "groups"]
    columns += [f"{name}_{of}" for name in ("frames", "luma") for of in ("least", "median", "most")]
    return pd.DataFrame(rows, columns=columns)


def show_findings(findings: pd.DataFrame, clips: int, name: str) -> None:
    """Print how often each kind was found, with the first of them; or that nothing was."""
    if findings.empty:
        console.out.print(f"{name}: nothing is wrong with {clips} clips")
        return
    grid = grid_of(f"{name}: {clips} clips examined", ["found", "", "count", "for instance"], "")
    for column in (0, 1, 3):
        grid.columns[column].justify = "left"
    grid.columns[3].overflow = "fold"
    for kind, part in findings.groupby("kind", sort=False):
        first, wrong = part.iloc[0], bool(part["wrong"].iloc[0])
        said = f"{first['id']}: {first['detail']}" if first["id"] else first["detail"]
        what = Text("wrong", "red") if wrong else Text("note", "yellow")
        grid.add_row(str(kind), what, str(len(part)), said)
    console.out.print(grid)


def show_classes(table: pd.DataFrame) -> None:
    """Print clips, groups, lengths and brightness of each class."""
    if table.empty:
        return
    grid = grid_of("classes", ["split", "class", "clips", "groups", "frames", "mean luma"], "least, median, most")
    grid.columns[1].justify = "left"
    for _, row in table.head(_MOST).iterrows():
        spans = [
            f"{row[f'{name}_least']:{form}} / {row[f'{name}_median']:{form}} / {row[f'{name}_most']:{form}}"
            for name, form in (("frames", ".0f"), ("luma", ".1f"))
        ]
        grid.add_row(row["split"], row["label"], str(row["clips"]), str(row["groups"] or "none"), *spans)
    console.out.print(grid)
    if len(table) > _MOST:
        console.out.print(f"and {len(table) - _MOST} more rows in classes.csv")
