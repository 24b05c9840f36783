"""The leak report: what a fold both trains on and scores."""

import pandas as pd

from darkhar_cli.folds import Plan


def leaks(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return leaks.csv: groups and identical files that a fold both trains on and scores, with their clips."""
    rows = []
    test = table.index[table["split"] == "test"].tolist()
    for fold in plan.folds:
        for split, scored in (("validation", fold.validation), ("test", test)):
            for kind, column in (("group", "group"), ("same file", "digest")):
                ours, theirs = table.loc[fold.train], table.loc[scored]
                for value in sorted((set(ours[column]) & set(theirs[column])) - {""}):
                    a, b = ours[ours[column] == value]["id"], theirs[theirs[column] == value]["id"]
                    rows.append(
                        (
                            fold.repeat,
                            fold.index,
                            split,
                            kind,
                            value,
                            len(a),
                            len(b),
                            " ".join(a),
                            " ".join(b),
                        )
                    )
    columns = ["repeat", "fold", "split", "kind", "value", "n_train", "n_scored", "train_ids", "scored_ids"]
    return pd.DataFrame(rows, columns=columns)
