"""Labels permuted among whole recordings: a control that shows a leak where there is one."""

from collections.abc import Sequence

import pandas as pd

from darkhar_cli.randomness import shuffled
from darkhar_cli.splits.groups import group_names


def labels_by_group(table: pd.DataFrame, seed: int) -> list[str]:
    """Return a label for each clip (N,): those of the training split's groups, shuffled among them.

    All clips of a group get one label, scored ones too, so that a model which knows the room scores well where the
    folds let it, though no label tells of the action. As many groups have each label as before. A group that shows
    several classes counts as one for each of them. Held-out clips go with their group, or keep their label where it is
    not trained on. The permutation follows from seed and names, not from the order of the rows.

    Args:
        table: columns id, split, label, group; a clip without a group is its own.
        seed: of the permutation.
    """
    units = list(zip(group_names(table), table["label"], strict=True))
    train = sorted({unit for unit, split in zip(units, table["split"], strict=True) if split == "train"})
    order = shuffled(seed, 0, [f"labels/{group}/{label}" for group, label in train])
    given = {unit: train[other][1] for unit, other in zip(train, order, strict=True)}
    return [given.get(unit, unit[1]) for unit in units]


def described(table: pd.DataFrame, labels: Sequence[str]) -> str:
    """Return in words what `labels_by_group` did to a table."""
    train = table["split"] == "train"
    before = pd.DataFrame({"group": group_names(table), "label": table["label"], "now": list(labels)})[train.to_numpy()]
    units = before.drop_duplicates(["group", "label"])
    same = int((units["label"] == units["now"]).sum())
    if not table["group"].any():
        return f"labels are permuted clip by clip, for no groups are known; {same} of {len(units)} keep their own"
    whole = "whole groups" if units["group"].is_unique else "parts of groups, each of one class"
    return f"labels are permuted among {len(units)} {whole}; {same} of them keep their own"
