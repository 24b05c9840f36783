"""Folders that a page is made of, with names that would be markup if anything let them."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd

from darkhar_cli.caveats import Caveat, Kind, stored
from darkhar_cli.evaluation import sweep_table
from darkhar_cli.evaluation.conclusions import conclude
from darkhar_cli.evaluation.stored_run import Evaluation
from darkhar_cli.files.tables import write_text
from darkhar_cli.metrics import tables
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_tables import save_metrics

BAD = "\"><script>bad()</script><b onclick=bad() a='x"
CLASSES = [f"jump {BAD}", "</style></textarea>sit", "walk & <i>co</i>", "a very long name of a class " * 3]


def predictions(seed=0, clips=48, hit=0.6, split="validation"):
    """Return predictions of clips in eight groups of hostile names."""
    rng, rows = np.random.default_rng(seed), []
    for i in range(clips):
        label = i % len(CLASSES)
        said = label if rng.random() < hit else int(rng.integers(len(CLASSES)))
        p = np.full(len(CLASSES), 0.05)
        p[said] += 1 - p.sum()
        group = f"g{i % 8} {BAD}"
        head = (split, 0, i % 8 % 2, f"{split}/{i:02}{BAD}.mp4", group, CLASSES[label], CLASSES[said])
        rows.append((*head, *p, "0 4", float(5 + i), f"scene {i % 8}"))
    columns = [*tables.KEYS, "group", "label", "predicted", *(f"p_{name}" for name in CLASSES)]
    return pd.DataFrame(rows, columns=[*columns, "frames", "luma", "scene"]).sort_values(tables.KEYS, ignore_index=True)


def hostile_run(folder, seed=0, **labels):
    """Return a finished run in which everything that a user names is hostile."""
    names = {key: f"{key} {BAD}" for key in ("dataset", "sampler", "enhance", "extractor", "classifier", "cv")}
    run = Run(folder)
    run.claim(f"x{seed}")
    table = predictions(seed)
    run.save("predictions.csv", table)
    save_metrics(run, table, CLASSES, names | {"seed": seed} | labels, {(0, 0): 2, (0, 1): 2}, 0)
    history = {"repeat": 0, "fold": [0, 0, 1, 1], "epoch": [0, 1, 0, 1], "loss": [1.0, 0.5, 1.0, 0.4]}
    history |= {"accuracy": 0.5, "inner_loss": "", "inner_accuracy": ""}
    run.save("metrics/history.csv", pd.DataFrame(history))
    assigned = table[["repeat", "fold", "id", "split", "group", "label"]].assign(digest=table["id"])
    run.save("assignment.csv", assigned)
    run.save_config({"name": BAD, "seed": seed, "enhance": {labels.get("enhance", "none"): {}}}, [f"name={BAD}"])
    data = {"name": f"data {BAD}", "classes": CLASSES, "fingerprint": "f", "synthetic": True}
    card = {
        "titles": ["enhancement", "ms a frame"],
        "rows": [[f"chain {BAD}", "1"]],
        "clips": 3,
        "about": f"About {BAD}.",
    }
    run.add_facts(
        data=data,
        caveats=stored([Caveat(Kind.OTHER, f"a caveat {BAD}")]),
        overrides=[f"enhance={BAD}", f"name='{BAD}'"],
        started="2026-01-02T03:04:05+0000",
        verdict=f"a verdict {BAD}",
        device=f"a device {BAD}",
        enhancement_card=card,
        folds=[{"repeat": 0, "fold": fold, "training_ids": f"t{fold}"} for fold in (0, 1)],
    )
    conclude(run)
    control = run.read("metrics/summary.csv").assign(control=f"control {BAD}")
    run.save("metrics/controls.csv", control)
    run.add_facts(verdict=f"a verdict {BAD}")
    run.finish()
    return run


def hostile_sweep(folder):
    """Return the folder of a sweep with three finished jobs and a failed one, and its jobs' table."""
    jobs = {}
    for enhance in ("none", f"gamma {BAD[:20]}"):
        for seed in (0, 1):
            place = folder / f"enhance={len(jobs)},seed={seed}"
            run = hostile_run(place, seed + 7 * (enhance != "none"), enhance=enhance)
            run.add_facts(labels={"enhance": enhance, "seed": seed})
            jobs[place] = {"enhance": enhance, "seed": seed}
    failed = Run(folder / "failed")
    failed.add_facts(overrides=[])
    write_text(failed.folder / "error.txt", f"it broke {BAD}\n")
    jobs[failed.folder] = {"enhance": BAD, "seed": 9}
    swept = ["enhance", "seed"]
    sweep_table.save_facts(folder, [f"enhance=none,{BAD}", "seed=0,1"], swept)
    return folder, sweep_table.save_sweep(folder, jobs, swept)


def evaluation_of(run):
    """Return the folder of an evaluation of a run, all names in it hostile."""
    place = run.folder / "evaluations" / "data-all-1"
    made = Evaluation(place)
    made.save("predictions.csv", predictions(3, split="test"))
    labels = run.read("metrics/folds.csv").iloc[0]
    names = {key: labels[key] for key in ("dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed")}
    save_metrics(made, predictions(3, split="test"), CLASSES, names, {(0, 0): 1, (0, 1): 1}, 0)
    about = {"name": f"other {BAD}", "fingerprint": "f", "dataset": {"name": f"other {BAD}"}}
    made.add_facts(run="x", words=[f"dataset={BAD}"], split=f"all {BAD}", clips=48, data=about, models=[{}, {}])
    made.add_facts(trained_on={"clips": 3}, evaluated="2026-02-03")
    return place


class Parsed(HTMLParser):
    """What a browser would see of a page: its elements and their attributes."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.text.append(data)
