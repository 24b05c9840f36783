"""Runs of several streams and of darkened clips, as a user starts them: tables, evaluation, comparison, resuming."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from darkhar_cli import cli
from darkhar_cli.prediction import predictor
from tests.conftest import TINY, only, write_clips
from tests.helpers.evaluated_runs import GROUP, P, bytes_of, said, same_as_in_the_run

TABLES = [f"metrics/{name}.csv" for name in ("folds", "summary", "per_class", "confusion", "brightness", "history")]
STREAMS = ["experiment=dual_stream", "extractor=luma", "sampler.frames=3", "classifier.units=4", "classifier.dense=[4]"]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A finished run of two streams on feature timelines, also scored darkened; and its clips' folder."""
    place = tmp_path_factory.mktemp("streams")
    write_clips(place / "clips" / "train", takes=4, groups=2)
    write_clips(place / "clips" / "test", takes=1, height=40)
    words = ["train", "dataset=video_folder", f"dataset.root={place / 'clips'}", GROUP, *STREAMS]
    words += ["train.epochs=2", "cv.folds=2", "robustness=darkened", f"cache_dir={place / 'features'}"]
    assert cli.main([*words, f"hydra.run.dir={place / 'run'}"]) == 0
    return place / "run", words


@pytest.mark.parametrize(
    ("features", "runtime"),
    [
        (
            {"runtime": "opencv|openvino", "precision": "float32|bfloat16"},
            {"name": "openvino", "precision": "bfloat16"},
        ),
        ({"runtime": "openvino|litert", "precision": "float32"}, {"name": "openvino", "precision": "float32"}),
        ({"runtime": "litert|keras", "precision": "float32|mixed_float16"}, {"name": "keras", "precision": "bfloat16"}),
        ({"runtime": "litert", "precision": "float32"}, {"name": "auto", "precision": "bfloat16"}),
    ],
)
def test_streams_are_evaluated_in_the_runtime_that_they_had(features, runtime):
    config = {"runtime": {"name": "auto", "precision": "bfloat16"}, "train": {"mode": "auto"}}
    again = predictor.as_it_ran(config, {"mode": "features", "features": features})
    assert again == {"runtime": runtime, "train": {"mode": "features"}}


def test_every_table_has_the_darkened_splits(both):
    run, _ = both
    splits = ["validation", "darkened", "test", "test_darkened"]
    folds, summary = (pd.read_csv(run / f"metrics/{name}.csv") for name in ("folds", "summary"))
    assert list(dict.fromkeys(folds["split"])) == splits
    assert folds.groupby("split")["fold"].nunique().to_dict() == dict(zip(splits, [2, 2, 3, 3], strict=True))
    assert summary[["split", "of"]].to_numpy().tolist() == [
        ["validation", "folds"],
        ["darkened", "folds"],
        ["test", "folds"],
        ["test", "ensemble"],
        ["test_darkened", "folds"],
        ["test_darkened", "ensemble"],
    ]
    assert summary["n"].tolist() == [12, 12, 3, 3, 3, 3]
    for name in ("per_class", "confusion", "brightness"):
        assert set(pd.read_csv(run / f"metrics/{name}.csv")["split"]) == set(splits), name
    for split in splits:
        assert (run / f"figures/confusion_{split}.svg").is_file()
        assert f">{split}</td>" in (run / "report.html").read_text()
    predictions = pd.read_csv(run / "predictions.csv")
    plain, dark = (predictions[predictions["split"] == split] for split in splits[:2])
    assert plain["id"].tolist() == dark["id"].tolist()
    assert plain["frames"].tolist() == dark["frames"].tolist()
    assert not np.allclose(plain[P], dark[P]), "features of darker frames are others"
    assert (dark["luma"].to_numpy() < 0.75 * plain["luma"].to_numpy()).all(), "the brightness is of what was scored"
    bins = pd.read_csv(run / "metrics/brightness.csv").query("split == 'darkened'")
    for low, high, n in zip(bins["low"], bins["high"], bins["n"], strict=True):
        assert n == dark["luma"].between(low, high, inclusive="left").sum()
    single = folds[folds["split"] == "darkened"]["recall_macro"]
    row = summary[summary["split"] == "darkened"].iloc[0]
    assert row["recall_folds"] == pytest.approx(single.mean(), rel=1e-6)
    assert not [name for name in summary if name.endswith("_sd")]


def test_clips_are_scored_before_other_backgrounds(both, darkhar, tmp_path):
    _, words = both
    code, output, errors = darkhar(*words, "robustness=background", f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 0, errors
    summary = pd.read_csv(tmp_path / "run/metrics/summary.csv")
    assert set(summary["split"]) == {"validation", "background", "test", "test_background"}
    assert " background " in output
    predictions = pd.read_csv(tmp_path / "run/predictions.csv")
    plain, other = (predictions[predictions["split"] == split] for split in ("validation", "background"))
    assert plain["id"].tolist() == other["id"].tolist()
    assert not np.allclose(plain[P], other[P]), "other backgrounds have other features"


def test_the_streams_are_named_wherever_the_run_is(both):
    run, _ = both
    row = pd.read_csv(run / "metrics/folds.csv").iloc[0]
    assert (row["sampler"], row["enhance"], row["extractor"]) == ("uniform", "none|gamma", "luma")
    assert row["classifier"] == "late(lstm)"
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert list(config["streams"]) == ["raw", "lit"]
    assert config["streams"]["lit"]["classifier"]["units"] == 4
    facts = json.loads((run / "run.json").read_text())
    assert [stream["extractor"] for stream in facts["streams"]] == ["luma", "luma"]
    caches = [stream["caches"] for stream in facts["streams"]]
    assert [len(of_stream) for of_stream in caches] == [2, 2], "plain and darkened"
    assert len({*caches[0], *caches[1]}) == 4


def test_tables_come_again_with_all_splits(darkhar, both):
    run, _ = both
    names = [*TABLES, "report.html", "figures/confusion_test_darkened.svg"]
    before = bytes_of(run, names)
    for name in names[:5]:
        (run / name).unlink()
    code, out, err = darkhar("evaluate", run)
    assert code == 0, err
    assert bytes_of(run, names) == before
    for line in ("validation: ", "darkened: ", "test (ensemble): ", "test_darkened (ensemble): "):
        assert re.search(f"^{re.escape(line)}", out, re.MULTILINE), line
    assert re.search(r"validation: .*; mean macro recall of 2 folds \d+\.\d % \[\d+\.\d, \d+\.\d\]", out)


def test_other_clips_are_scored_by_all_streams(darkhar, both, tmp_path):
    run, _ = both
    code, _, err = darkhar("evaluate", run, "split=train")
    assert code == 0, err
    folder = next((run / "evaluations").glob("video_folder-train-*"))
    made = pd.read_csv(folder / "predictions.csv")
    assert made["split"].value_counts().to_dict() == {"test": 24, "test_darkened": 24}
    then = pd.read_csv(run / "predictions.csv")
    for ours, theirs in (("test", "validation"), ("test_darkened", "darkened")):
        before = then[then["split"] == theirs]
        now = made[made["split"] == ours].merge(before, on=["fold", "id"], suffixes=("", "_then"))
        assert len(now) == 12
        np.testing.assert_allclose(now["luma"], now["luma_then"])
        np.testing.assert_allclose(now[P], now[[f"{name}_then" for name in P]], rtol=1e-5, atol=1e-7)
    root = write_clips(tmp_path / "others", takes=2, height=40)
    code, out, err = darkhar("evaluate", run, "dataset=video_folder", f"dataset.root={root}")
    assert code == 0, err
    assert "test_darkened (ensemble): " in out


def test_a_killed_run_of_streams_ends_with_the_same_tables(darkhar, both, tmp_path, monkeypatch):
    from darkhar_cli.training import cross_validation

    run, words = both
    run_fold, done = cross_validation.run_fold, []

    def once(*given):
        if done:
            raise KeyboardInterrupt
        done.append(run_fold(*given))

    monkeypatch.setattr(cross_validation, "run_fold", once)
    assert darkhar(*words, "hydra.run.dir=cut")[0] == 130
    monkeypatch.setattr(cross_validation, "run_fold", run_fold)
    code, _, err = darkhar(*words, "hydra.run.dir=cut")
    assert code == 0, err
    assert "fold 0: finished before, kept" in said(err)
    names = ["predictions.csv", *TABLES]
    assert bytes_of(tmp_path / "cut", names) == bytes_of(run, names)


def test_compare_pairs_clips_as_they_are(darkhar, both, tmp_path):
    run, words = both
    assert darkhar(*words, "robustness=none", "hydra.run.dir=plain")[0] == 0
    code, out, err = darkhar("compare", run, "plain")
    assert code == 0, err
    (title,) = (line for line in out.splitlines() if line.startswith("12 clips;"))
    assert "darkened" not in title
    assert "between robustness=darkened and robustness=none" in out, "the words that were typed"
    plain = pd.read_csv(tmp_path / "plain" / "metrics/summary.csv").iloc[0]
    assert plain["accuracy"] == pytest.approx(pd.read_csv(run / "metrics/summary.csv").iloc[0]["accuracy"])
    ids = pd.read_csv(tmp_path / "plain" / "predictions.csv")
    assert set(ids["split"]) == {"validation", "test"}


def test_whole_models_of_two_streams_run_and_are_evaluated(darkhar, own_clips, tmp_path):
    words = ["train", "experiment=dual_stream", *own_clips, *TINY, "train.epochs=1"]
    code, out, err = darkhar(*words, "cv.folds=2", "robustness=darkened")
    assert code == 0, err
    run = only(tmp_path / "outputs" / "train")
    assert run.name.startswith("dual_stream-")
    assert "none|gamma" in out
    code, _, err = darkhar("evaluate", run, "split=train")
    assert code == 0, err
    folder = only(run / "evaluations")
    made = pd.read_csv(folder / "predictions.csv")
    assert set(made["split"]) == {"test", "test_darkened"}
    assert len(made) == 2 * 18 * 2
    now, then = tmp_path / "now", tmp_path / "then"
    for place, table, split in ((now, made, "test"), (then, pd.read_csv(run / "predictions.csv"), "validation")):
        place.mkdir()
        table[table["split"] == split].to_csv(place / "predictions.csv", index=False)
    same_as_in_the_run(now, then)


def test_many_folds_are_told_in_one_row(darkhar, tmp_path):
    write_clips(tmp_path / "clips", takes=8, groups=4)
    words = ["train", "dataset=video_folder", f"dataset.root={tmp_path / 'clips'}", GROUP, "extractor=luma"]
    words += ["classifier=linear", "classifier.solver=lbfgs", "sampler.frames=2", "cv=leave_group_per_class_out"]
    for repeats, many in ((12, False), (13, True)):
        code, out, err = darkhar(*words, f"cv.repeats={repeats}", f"hydra.run.dir=run{repeats}")
        assert code == 0, err
        folds = pd.read_csv(tmp_path / f"run{repeats}" / "metrics/folds.csv")
        assert len(folds) == repeats
        rows = [line for line in out.splitlines() if line.strip().startswith("validation ")]
        assert len(rows) == (1 if many else repeats + 1)
        told = f"each of the {repeats} folds: {tmp_path / f'run{repeats}' / 'metrics' / 'folds.csv'}"
        assert (told in out) == many
        row = pd.read_csv(tmp_path / f"run{repeats}" / "metrics/summary.csv").iloc[0]
        assert row["recall_folds"] == pytest.approx(folds["recall_macro"].mean(), rel=1e-6)
        between = f"[{100 * row['recall_folds_lower']:.1f}, {100 * row['recall_folds_upper']:.1f}]"
        assert f"mean macro recall of {repeats} folds {100 * row['recall_folds']:.1f} % {between}" in out
