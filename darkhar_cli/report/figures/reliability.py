"""Reliability diagram: how often a prediction is right, by how sure it is (Guo et al. 2017, figure 1)."""

import numpy as np
from matplotlib.figure import Figure

from darkhar_cli.metrics import tables
from darkhar_cli.metrics.calibration import calibration_error
from darkhar_cli.metrics.statistics import TIE
from darkhar_cli.report.figures.style import BLUE, MUTED, VERMILLION, styled
from darkhar_cli.runs.run_folder import Run

_BINS = 15  # those of the calibration error


@styled
def draw(run: Run, split: str) -> Figure:
    """Return accuracy by the probability of the predicted class, and below how many clips are in each bin."""
    table = run.read("predictions.csv")
    part = table[table["split"] == split]
    classes = [name.removeprefix("p_") for name in part.columns if name.startswith("p_")]
    p = tables.probabilities(part, classes)
    truth = part["label"].map({name: i for i, name in enumerate(classes)}).to_numpy()
    weight = 1 / part.groupby("id")["id"].transform("size").to_numpy()  # a clip counts once
    sure, right = p.max(axis=1), p.argmax(axis=1) == truth
    where = np.clip(np.ceil((sure * _BINS).round(TIE)) - 1, 0, _BINS - 1).astype(int)
    clips, hits, means = (np.bincount(where, weight * x, _BINS) for x in (np.ones(len(p)), right, sure))
    some = clips > 0
    figure = Figure(figsize=(4.4, 4.8), layout="constrained", label=f"reliability of {split} predictions")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 100], [0, 100], "--", color=MUTED, lw=1, label="as sure as right")
    mean, share = 100 * means[some] / clips[some], 100 * hits[some] / clips[some]
    upper.vlines(mean, mean, share, color=VERMILLION, lw=1.4, alpha=0.8, label="gap")
    upper.scatter(mean, share, 14 + 160 * clips[some] / clips.sum(), color=BLUE, zorder=3, label="bin, area by clips")
    error = 100 * calibration_error(p, truth, _BINS, weight)
    upper.set(ylabel="right, %", ylim=(-4, 104), title=f"{split}: calibration error {error:.1f} points")
    figure.legend(*upper.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    lower.bar(100 * (np.arange(_BINS) + 0.5) / _BINS, clips, 90 / _BINS, color=BLUE)
    lower.set(xlabel="probability of the predicted class, %", ylabel="clips", xlim=(0, 100))
    return figure
