"""What guessing scores where it is not one in the number of classes."""

import pandas as pd

# Schemes whose folds divide a repeat, so that what a fold was trained on is what the others score.
DIVIDING = ("stratified", "stratified_group", "repeated", "leave_one_group_out")


def by_training_frequency(scored: pd.DataFrame) -> float:
    """Return the macro recall that is expected of guessing each class as often as the fold's training clips show it.

    That is what a classifier scores that knows only how common the classes are: nearest neighbours on
    features of pure noise, say, or on labels that are permuted among whole groups. Where every fold has the classes'
    own shares it is 1 / K. It is less where a class is rarer in training the more of it is scored: where a fold scores
    a group of one class, and where labels were permuted behind the folds, which then train without some classes.

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
    """Return a summary whose chance is that of its folds, where their training clips follow from what is scored.

    Args:
        summary: rows with split, cv and chance (1 / K).
        predictions: the run's.
    """
    here = summary["split"].isin(("validation", "darkened", "background")) & summary["cv"].isin(DIVIDING)
    for split in summary.loc[here, "split"]:
        part = predictions[predictions["split"] == split]
        if (part.groupby("repeat")["fold"].nunique() < 2).any():
            continue  # nothing else is scored that it could have been trained on
        summary.loc[here & (summary["split"] == split), "chance"] = by_training_frequency(part)
    return summary
