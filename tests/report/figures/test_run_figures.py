"""Figures of a run: what stands in them is what its tables say."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.metrics.calibration import calibration_error
from darkhar_cli.report.figures import run_figures, style, training_history
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_tables import save_metrics

CLASSES = ["jump", "sit"]
LABELS = dict.fromkeys(("dataset", "sampler", "enhance", "extractor", "classifier", "cv"), "x") | {"seed": 0}


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path)
    rng = np.random.default_rng(3)
    rows = []
    for i in range(24):
        label, p = CLASSES[i % 2], float(rng.uniform(0.02, 0.98))
        head = {"split": "validation", "repeat": 0, "fold": i % 3, "id": f"{label}_{i:02}", "group": f"g{i // 4}"}
        chosen = CLASSES[int(p < 0.5)]
        rest = {"label": label, "predicted": chosen, "p_jump": p, "p_sit": 1 - p, "frames": "0 4 8"}
        rows.append(head | rest | {"luma": 6.0 + i, "scene": ""})
    predictions = pd.DataFrame(rows).sort_values(["split", "repeat", "fold", "id"], ignore_index=True)
    run.save("predictions.csv", predictions)
    save_metrics(run, predictions, CLASSES, LABELS, {(0, k): 3 for k in range(3)}, 0)
    epochs = [(0, fold, e, 1 / e, 1 - 0.5 / e, 1.2 / e, 0.4) for fold in range(3) for e in (1, 2, 3)]
    names = ["repeat", "fold", "epoch", "loss", "accuracy", "inner_loss", "inner_accuracy"]
    run.save("metrics/history.csv", pd.DataFrame(epochs, columns=names))
    return run


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_run_has_its_figures_by_name(run):
    assert set(run_figures(run)) == {
        *("confusion_validation", "history", "brightness_validation", "class_counts", "reliability_validation")
    }
    for figure in run_figures(run).values():
        assert style.svg(figure).startswith("<?xml")


def test_confusion_has_counts_and_percentages_of_the_true_class(run):
    table = run.read("metrics/confusion.csv")
    expected = []
    for _, row in table.iterrows():
        for name in CLASSES:
            expected += [f"{row[name]:.0f}", f"{100 * row[name] / row['n']:.0f} %"]
    assert texts(run_figures(run)["confusion_validation"].axes[0]) == expected


def test_history_has_loss_and_accuracy_of_training_and_inner_validation(run):
    loss, accuracy = run_figures(run)["history"].axes
    assert len(loss.lines) == len(accuracy.lines) == 6
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [1, 1 / 2, 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [50, 75, 100 - 50 / 3], rtol=1e-6)
    np.testing.assert_allclose(loss.lines[3].get_ydata(), [1.2, 0.6, 0.4], rtol=1e-6)
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss, nats per clip", "accuracy, %")


def test_many_folds_share_a_colour_and_have_a_mean(run):
    rows = [(0, fold, epoch, fold + epoch, 0.5) for fold in range(9) for epoch in (1, 2)]
    run.save("metrics/history.csv", pd.DataFrame(rows, columns=["repeat", "fold", "epoch", "loss", "accuracy"]))
    loss = training_history.draw(run).axes[0]
    assert len(loss.lines) == 10
    np.testing.assert_array_equal(loss.lines[-1].get_ydata(), [5, 6])
    assert len({line.get_color() for line in loss.lines}) == 1


def test_brightness_has_dots_with_the_intervals_of_the_table(run):
    table = run.read("metrics/brightness.csv")
    table = table[table["n"] > 0]
    axes = run_figures(run)["brightness_validation"].axes[0]
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_ydata(), 100 * table["accuracy"].astype(float))
    words = [f"{row.low:g} to {row.high:g}\n{row.n} clips" for row in table.itertuples()]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == words
    assert "chance" in texts(axes)


def test_reliability_says_the_calibration_error_and_counts_each_clip_once(run):
    table = run.read("predictions.csv")
    truth = table["label"].map({name: i for i, name in enumerate(CLASSES)}).to_numpy()
    error = calibration_error(table[["p_jump", "p_sit"]].to_numpy(), truth)
    upper, lower = run_figures(run)["reliability_validation"].axes
    assert upper.get_title(loc="left") == f"validation: calibration error {100 * error:.1f} points"
    assert sum(bar.get_height() for bar in lower.patches) == pytest.approx(24)
    assert min(bar.get_x() for bar in lower.patches if bar.get_height()) >= 45, "two classes: at least one half"


def test_class_counts_name_clips_and_groups(run):
    axes = run_figures(run)["class_counts"].axes[0]
    assert texts(axes) == ["12 in 6 groups", "12 in 6 groups"]
    assert [bar.get_width() for bar in axes.patches] == [12, 12]
