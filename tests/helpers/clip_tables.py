"""Tables of clips, as far as folds need them."""

import pandas as pd

# The real dark clips: 15 recordings, each of one class, 150 clips.
REAL = {
    "Jump": [("Jump_11", 11), ("Jump_8", 14)],
    "Run": [("Run_1", 6), ("Run_11", 19)],
    "Sit": [("Sit_10", 13), ("Sit_2", 8), ("Sit_4", 4)],
    "Stand": [("Stand_2", 4), ("Stand_3", 7), ("Stand_5", 9), ("Stand_9", 5)],
    "Turn": [("Turn_1", 21), ("Turn_7", 4)],
    "Walk": [("Walk_10", 13), ("Walk_14", 12)],
}


def table(groups: dict[str, list[tuple[str, int]]], test: int = 0) -> pd.DataFrame:
    """Make a clip table: class -> [(group, clips)]."""
    rows = []
    for label, members in groups.items():
        for group, count in members:
            rows += [(f"{label}/{group}_{i}.mp4", "train", label, group) for i in range(count)]
    rows += [(f"test/{i}.mp4", "test", sorted(groups)[i % len(groups)], "") for i in range(test)]
    clips = pd.DataFrame(rows, columns=["id", "split", "label", "group"])
    return clips.assign(digest=clips["id"])


def nested(per_class: int = 3, clips: int = 4) -> pd.DataFrame:
    """Each group has one class; six clips are the official held-out split."""
    return table({label: [(f"{label}{g}", clips) for g in range(per_class)] for label in "abc"}, test=6)


def shared(groups: int = 5, clips: int = 2) -> pd.DataFrame:
    """Each group has every class; there is no official split."""
    return table({label: [(f"scene{g}", clips) for g in range(groups)] for label in "abc"})


def ungrouped(clips: int = 12) -> pd.DataFrame:
    """No groups are known."""
    return table({label: [("", clips)] for label in "abc"})


def triangle() -> pd.DataFrame:
    """Every class has two groups and every group two classes: whoever leaves out all classes leaves one untrained."""
    return table({"a": [("g1", 2), ("g2", 2)], "b": [("g2", 2), ("g3", 2)], "c": [("g1", 2), ("g3", 2)]})


def turned(clips: pd.DataFrame) -> pd.DataFrame:
    """The same clips, last row first."""
    return clips.iloc[::-1].reset_index(drop=True)


def ids(clips: pd.DataFrame, rows: list[int]) -> set[str]:
    """Return the names of some rows."""
    return set(clips.loc[rows, "id"])


def groups_apart(clips: pd.DataFrame, ours: list[int], scored: list[int]) -> bool:
    """Whether two sets of rows share no group."""
    return not set(clips.loc[ours, "group"]) & set(clips.loc[scored, "group"])
