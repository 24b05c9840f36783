"""Run folders made by hand: predictions whose right and wrong are known, and the tables that follow."""

import pandas as pd

from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_tables import save_metrics

LABELS = {"dataset": "made", "sampler": "s", "enhance": "none", "extractor": "e", "classifier": "c", "cv": "stratified"}


def predictions(right, groups, classes="ab", split="validation", scenes=None):
    """Return predictions of clips (N,) that are right or wrong; classes go round by group."""
    order = {name: i for i, name in enumerate(dict.fromkeys(scenes or groups))}
    labels = [order[name] % len(classes) for name in scenes or groups]
    said = [label if good else (label + 1) % len(classes) for label, good in zip(labels, right, strict=True)]
    table = pd.DataFrame({"split": split, "repeat": 0, "fold": 0, "id": [f"{i:03}" for i in range(len(labels))]})
    table = table.assign(group=groups, label=[classes[i] for i in labels], predicted=[classes[i] for i in said])
    for k, name in enumerate(classes):
        table[f"p_{name}"] = [0.9 if k == i else 0.1 / (len(classes) - 1) for i in said]
    return table.assign(frames="0", luma=10.0, scene=scenes or "")


def made_run(folder, table, classes="ab", **labels):
    """Return a run with these predictions and their tables."""
    run = Run(folder)
    run.save("predictions.csv", table)
    save_metrics(run, table, list(classes), LABELS | {"seed": 0} | labels, {(0, 0): 1}, 0)
    return run
