"""Finished runs with a known hit or miss of each clip, as `compare` reads them."""

import json

import numpy as np
import pandas as pd

from darkhar_cli import caveats
from darkhar_cli.metrics import tables
from darkhar_cli.runs.run_folder import Run
from tests.helpers.prediction_tables import LABELS, table_of

GROUPS = [f"g{i // 5}" for i in range(60)]


_OTHER = (("warnings", ()), ("config", {}), ("chance", None))


def write_run(folder, right, groups=None, folds=2, content="same", light="", twins="", split="validation", **labels):
    """Write what a finished run leaves of clips that were right or not; with a light, of clips that have twins."""
    scored = labels.pop("scored", content)
    warnings, config, chance = (labels.pop(key, default) for key, default in _OTHER)
    table, names = table_of(right, groups, split)
    if light:
        table = table.assign(twin=table["id"].map(lambda name: f"{twins}t{name}"), light=light)
        table["id"] = table["id"] + f"_{light}"
    table["fold"] = [i % folds for i in range(len(table))]
    table = table.sort_values(tables.KEYS)
    run = Run(folder)
    run.claim("x")
    run.save("predictions.csv", table.drop(columns=["twin", "light"], errors="ignore"))
    run.save("metrics/folds.csv", tables.folds_table(table, names, LABELS | {"seed": 0} | labels, {}))
    lit = ["twin", "light"] if light else []
    table["digest"] = scored + table["id"] if scored is not None else ""
    kept = ["digest"] if scored is not None else []
    run.save("assignment.csv", table[["repeat", "fold", "id", "split", "group", "label", *kept, *lit]])
    if chance is not None:
        run.save("metrics/summary.csv", pd.DataFrame({"split": [split], "chance": [chance]}))
    run.add_facts(caveats=caveats.stored(warnings))
    fold = {"repeat": 0, "fold": 0, "training_ids": content + light}
    run.add_facts(folds=[fold | {"training_twins": twins + content if light else None}])
    if light:
        dataset = {"name": "dark_synth", "light": light, "data_dir": str(folder)}
        config = config | {"dataset": dataset}
    if config:
        (folder / "config.yaml").write_text(json.dumps(config))
    run.finish()
    return folder


def hits(count, n=60, seed=0):
    right = np.zeros(n, bool)
    right[np.random.default_rng(seed).permutation(n)[:count]] = True
    return right


def write_methods(place, seeds=(0, 1, 2, 3, 4), enhances=("none", "gamma"), gain=40, **more):
    """Write runs of methods with several seeds, the second better by so many clips."""
    for i, enhance in enumerate(enhances):
        for seed in seeds:
            right = hits(15 + gain * i + seed % 2, seed=100 * i + seed)
            config = {"enhance": {enhance: {}}, "seed": seed, "cv": {"name": "stratified", "seed": 0}}
            folder = place / f"enhance={enhance},seed={seed}"
            write_run(folder, right, GROUPS, enhance=enhance, seed=seed, config=config, **more)
    (place / "sweep.csv").write_text("")
    return place
