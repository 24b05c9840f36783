"""Searches: what a space may be, what a trial sees, what is left when one is stopped, and what noise scores."""

from hashlib import sha256
from statistics import mean
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.config import request
from darkhar_cli.errors import BadRequest
from darkhar_cli.launch.opened import OpenedJob
from darkhar_cli.launch.search import results, study
from darkhar_cli.launch.search.space import Dimension, Space, read_space
from darkhar_cli.splits.plan import plan_folds

CLASSES = ["down", "right", "stay"]
NOISE = Space((Dimension("train.epochs", (), 1, 1000),))  # decides nothing
SPACE = """
enhance: [none, gamma, [denoise, gamma]]
classifier: [lstm, mean_pool]
classifier.units: {low: 8, high: 64, step: 8, when: {classifier: lstm}}
train.learning_rate: {low: 0.0001, high: 0.01, log: true}
train.early_stopping: [true, false]
"""


class Trial:
    """Suggests the first value, or the least."""

    def suggest_categorical(self, key, values):
        return values[0]

    def suggest_int(self, key, low, high, step, log):
        return low

    def suggest_float(self, key, low, high, step, log):
        return low


def written(place, text):
    (place / "space.yaml").write_text(text)
    return place / "space.yaml"


def test_a_space_draws_words_as_they_are_typed(tmp_path):
    space = read_space(written(tmp_path, SPACE))
    lr = "train.learning_rate=0.0001"
    assert space.draw(Trial()) == [
        "enhance=none",
        "classifier=lstm",
        "classifier.units=8",
        lr,
        "train.early_stopping=true",
    ]
    examples = list(space.examples())
    assert any("enhance=[denoise,gamma]" in words for words in examples)
    assert any("classifier.units=64" in words for words in examples)
    without = [words for words in examples if "classifier=mean_pool" in words]
    assert without
    assert not any("units" in word for words in without for word in words), "drawn only where it applies"
    for words in examples:
        request.read_job("train", ["extractor=luma", *words], ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enhance: none", "enhance: give a list of values, or a mapping of low and high"),
        ("enhance: [none]", "enhance: give two or more values"),
        ("train.epochs: {lo: 1, high: 3}", "train.epochs has no 'lo'; it takes values, low, high"),
        ("train.epochs: {low: 3, high: 1}", "train.epochs: low and high are numbers, the second above the first"),
        ("train.epochs: {low: 1, high: 3, values: [1, 2]}", "train.epochs: give either values, or low and high"),
        ("train.epochs: {low: 0, high: 3, log: true}", "train.epochs: log needs a low above 0, and no step"),
        ("a: {low: 1, high: 3, when: {b: c}}", "a: `when` names 'b', which does not stand above it"),
        ("seed: [0, 1]", "seed is nothing to search over"),
        ("hydra.launcher.n_jobs: [0, 1]", "hydra.launcher.n_jobs is nothing to search over"),
    ],
)
def test_what_is_no_space_is_refused(tmp_path, text, said):
    with pytest.raises(BadRequest) as refused:
        read_space(written(tmp_path, text))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "search needs space=FILE"),
        (["space=none.yaml"], "space=none.yaml: no such file"),
        (["space=space.yaml", "trials=0"], "trials=0: allowed is a whole number of at least 1"),
        (["space=space.yaml", "prune=no"], "prune=no: allowed is true or false"),
        (["space=space.yaml", "enhance"], "search does not know 'enhance'"),
        (["space=space.yaml", "seed=0,1"], "seed: what is searched stands in space=FILE"),
        (["space=space.yaml", "cv.only=1"], "a search scores all outer folds"),
        (["space=space.yaml", "enhance=gama"], "did you mean 'gamma'"),
        (["space=space.yaml"], "train.epochs=0: allowed is"),
    ],
)
def test_a_wrong_search_is_refused_before_its_data_are_prepared(darkhar, tmp_path, words, said):
    pytest.importorskip("optuna", reason="the extra optuna is not installed")
    written(tmp_path, "enhance: [none, gamma]\ntrain.epochs: {low: 0, high: 3}\n")
    code, out, err = darkhar("search", *words)
    assert code == (0 if not words else 2)
    assert said in (err or out) or not words
    assert not (tmp_path / "outputs").exists()


def noise(config, clips, fold, plan):
    """Return predictions of a fold's clips that know nothing: a hash of clip and configuration."""
    part = clips.table.loc[fold.validation]
    keys = [f"{config['train']['epochs']}/{digest}" for digest in part["digest"]]
    predicted = [CLASSES[int(sha256(key.encode()).hexdigest(), 16) % 3] for key in keys]
    about = {"split": "validation", "repeat": fold.repeat, "fold": fold.index, "frames": "0", "scene": ""}
    table = part[["id", "group", "label"]].assign(**about, predicted=predicted)
    for name in CLASSES:
        table[f"p_{name}"] = np.where(table["predicted"] == name, 0.5, 0.25)
    return table


@pytest.fixture
def searched(tmp_path, monkeypatch):
    """Return what makes studies of 300 clips in 60 groups, whose models know nothing; and what was trained."""
    pytest.importorskip("optuna", reason="the extra optuna is not installed")
    index = np.arange(300)
    table = pd.DataFrame({"id": [f"clip {i}" for i in index], "digest": [f"{i:x}" for i in index]})
    table["group"], table["label"] = [f"g{i // 5:02}" for i in index], [CLASSES[i // 5 % 3] for i in index]
    table["split"] = "train"
    words = ("extractor=luma", "classifier=statistics", "cv.folds=3", "train.deterministic=false")
    config = request.read_job("train", words, ()).config
    clips = SimpleNamespace(table=table, classes=CLASSES, skipped=[])
    job = OpenedJob(config, (), clips, plan_folds(config["cv"], table, 0, CLASSES), "x")
    trained = []

    def scored(trainer, fold, plan):
        trained.append(fold)
        return noise(*trainer, fold, plan), 1

    def read(words):
        epochs = next(int(word.partition("=")[2]) for word in words if word.startswith("train.epochs="))
        return SimpleNamespace(config={**config, "train": {**config["train"], "epochs": epochs}})

    def opened(self, drawn=()):
        return OpenedJob(read(drawn).config, (), clips, job.plan, "x") if drawn else job

    monkeypatch.setattr(study, "_read", read)  # composing takes longer than such a model
    monkeypatch.setattr(study.Study, "opened", opened)
    monkeypatch.setattr(study, "_trainer", lambda config, clips: (config, clips))
    monkeypatch.setattr(study, "_scored", scored)

    def studies(name, trials=8, prune=False):
        (tmp_path / name).mkdir(exist_ok=True)
        return [study.Study(words, NOISE, fold, tmp_path / name, trials, 3, prune) for fold in (0, 1, 2)]

    return SimpleNamespace(studies=studies, job=job, trained=trained, place=tmp_path)


def test_noise_looks_good_inside_and_is_at_chance_outside(searched):
    made = searched.studies("noise", trials=12)
    for one in made:
        one()
    results.save_scores(searched.place / "noise", made, searched.job)
    found = results.scores(searched.place / "noise", made)
    inner, outer = mean(one["inner"] for one in found), mean(one["outer"] for one in found)
    assert inner > 0.37, "the best of twelve"
    assert abs(outer - 1 / 3) < 3 * (2 / 9 / 300) ** 0.5
    table = pd.read_csv(searched.place / "noise" / "nested.csv")
    assert table["optimism"].tolist() == pytest.approx([one["inner"] - one["outer"] for one in found])
    summary = pd.read_csv(searched.place / "noise" / "metrics" / "summary.csv")
    assert summary.loc[0, "n"] == 300, "each clip is scored once"


def test_trials_see_only_the_training_clips_of_their_outer_fold(searched):
    for one in searched.studies("seen"):
        clips, plan = one.inner_folds(searched.job)
        outer = searched.job.plan.folds[one.fold]
        seen = set(clips.table["digest"])
        assert seen == set(searched.job.clips.table.loc[outer.train, "digest"])
        for fold in plan.folds:
            groups = [set(clips.table.loc[rows, "group"]) for rows in (fold.train, fold.validation)]
            assert not groups[0] & groups[1]


def test_a_search_that_is_stopped_goes_on_and_ends_with_the_same_tables(searched, monkeypatch):
    whole = searched.studies("whole", prune=True, trials=14)
    for one in whole:
        one()
    wanted = len(searched.trained)
    searched.trained.clear()
    stopped = searched.studies("stopped", prune=True, trials=14)
    scored, limit = study._scored, [7, 20, 60]

    def killed(*given):
        if limit and len(searched.trained) == limit[0]:
            limit.pop(0)
            raise KeyboardInterrupt
        return scored(*given)

    monkeypatch.setattr(study, "_scored", killed)
    for _ in range(4):
        try:
            for one in stopped:
                one()
        except KeyboardInterrupt:
            continue
    assert not limit
    assert len(searched.trained) == wanted, "nothing is trained twice"
    for name, made in (("whole", whole), ("stopped", stopped)):
        results.save_trials(searched.place / name, made)
        results.save_scores(searched.place / name, made, searched.job)
    for table in ("trials.csv", "nested.csv", "predictions.csv", "metrics/summary.csv"):
        assert (searched.place / "whole" / table).read_bytes() == (searched.place / "stopped" / table).read_bytes()
    states = pd.read_csv(searched.place / "whole" / "trials.csv")["state"]
    assert set(states) == {"complete", "pruned"}


def test_more_trials_are_added_to_those_that_are_there(searched):
    for trials in (3, 5):
        searched.studies("more", trials=trials)[0]()
    results.save_trials(searched.place / "more", searched.studies("more"))
    assert pd.read_csv(searched.place / "more" / "trials.csv")["trial"].tolist() == [0, 1, 2, 3, 4]


def test_a_whole_search(darkhar, own_clips, tmp_path):
    pytest.importorskip("optuna", reason="the extra optuna is not installed")
    written(tmp_path, "sampler.frames: [2, 4]\nenhance: [none, gamma]\n")
    words = ["extractor=luma", "classifier=statistics", "cv.folds=3"]
    code, out, err = darkhar("search", "space=space.yaml", "trials=2", "inner_folds=2", *own_clips, *words, "name=mine")
    assert code == 0, err
    assert "optimism: " in out
    assert "chosen by all training clips: darkhar train " in out
    (folder,) = (tmp_path / "outputs" / "search").iterdir()
    assert len(pd.read_csv(folder / "trials.csv")) == 4 * 2
    assert set(pd.read_csv(folder / "metrics" / "folds.csv")["enhance"]) == {"searched"}
    stamp = (folder / "folds" / "fold_0" / "score.json").stat().st_mtime_ns
    code, again, err = darkhar(
        "search", "space=space.yaml", "trials=2", "inner_folds=2", *own_clips, *words, "name=mine"
    )
    assert (code, again) == (0, out)
    assert (folder / "folds" / "fold_0" / "score.json").stat().st_mtime_ns == stamp, "scored once"
