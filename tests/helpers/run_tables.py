"""The tables that a run leaves, as bytes."""

TABLES = [
    "assignment.csv",
    "predictions.csv",
    "leaks.csv",
    *(f"metrics/{name}.csv" for name in ("folds", "summary", "per_class", "confusion", "history", "brightness")),
]


def bytes_of(folder):
    return {name: (folder / name).read_bytes() for name in TABLES}
