"""What guessing scores where it is not one in the number of classes."""

import pandas as pd

RARER = ("leave_one_group_out",)  # schemes whose folds train on fewer clips of the very class that they score


def by_training_frequency(scored: pd.DataFrame) -> float:
    """Return the macro recall that is expected of guessing each class as often as the fold's training clips show it.

    That is what a classifier scores that has learnt nothing but how common the classes are: nearest neighbours on
    features of pure noise, say, or on labels that are permuted among whole groups. Where a fold scores a group of one
    class and trains on all other clips, that class is rarer in training than elsewhere, so it is below 1 / K; where
    every fold has the classes' own shares it is 1 / K.

    Args:
        scored: a row per scoring (repeat, fold, label); each fold was trained on all that its repeat's others score.
    """
    keys = ["repeat", "fold"]
    own = scored.groupby([*keys, "label"])["label"].transform("size")
    fold = scored.groupby(keys)["label"].transform("size")
    same = scored.groupby(["repeat", "label"])["label"].transform("size")
    every = scored.groupby("repeat")["label"].transform("size")
    return float(((same - own) / (every - fold)).groupby(scored["label"]).mean().mean())


def settled(summary: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return a summary whose chance is that of its scheme.

    Args:
        summary: rows with split, cv and chance (1 / K).
        predictions: the run's.
    """
    here = summary["split"].isin(("validation", "darkened")) & summary["cv"].isin(RARER)
    for split in summary.loc[here, "split"]:
        part = predictions[predictions["split"] == split]
        summary.loc[here & (summary["split"] == split), "chance"] = by_training_frequency(part)
    return summary
