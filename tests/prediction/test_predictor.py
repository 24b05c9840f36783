"""One object for evaluate and predict: it gives the tensors and the probabilities of training's scoring."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import darkhar_cli as dk
from darkhar_cli import cli
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.loose_clips import LooseClips, clip_of_bytes
from darkhar_cli.data.video import read_frames, write_video
from darkhar_cli.data.video.streaming import open_stream
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.evaluation.stored_run import settings_of
from darkhar_cli.features import cached_features
from darkhar_cli.prediction import windows
from darkhar_cli.prediction.windows import predicted_windows, windows_of
from darkhar_cli.randomness import SCORING
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import Fold
from darkhar_cli.training.cross_validation import softmax
from darkhar_cli.training.fold_session import FoldSession
from tests.conftest import TINY, moving_square
from tests.helpers.evaluated_runs import P, train

LATE = ["experiment=dual_stream", "extractor=luma", "sampler.frames=3", "classifier.units=4", "classifier.dense=[4]"]


def made(place, words):
    """Return a finished run on clips of three classes, its clips, and its own clips' files by id."""
    folder = train(place, *words, f"cache_dir={place / 'features'}")
    clips = clip_dataset.open_clips(settings_of(Run(folder))["dataset"])
    files = {name: place / "clips" / name for name in clips.table["id"]}
    return SimpleNamespace(folder=folder, clips=clips, files=files, result=dk.load_run(folder))


@pytest.fixture(scope="module", params=["frames", "features", "late fusion"])
def run(request, tmp_path_factory):
    """A run that learns from frames, one from features, and one of two streams that are fused late."""
    words = {
        "frames": [*TINY, "enhance=gamma"],
        "features": ["extractor=luma", "classifier=linear", "sampler.frames=3", "enhance=histeq"],
        "late fusion": LATE,
    }[request.param]
    return made(tmp_path_factory.mktemp("run"), words)


def loose(run, names):
    return LooseClips("files", [clip_of_bytes(n, run.files[n].read_bytes()) for n in names], run.clips.classes)


def test_a_file_is_the_clip_that_the_data_set_has_of_it(run):
    names = run.clips.table["id"].tolist()
    columns = ["id", "digest", "n_frames", "fps", "height", "width", "jitter", "skippable"]
    pd.testing.assert_frame_equal(loose(run, names).table[columns], run.clips.table[columns], check_dtype=False)


def test_training_evaluate_and_predict_show_models_the_same_tensors(run):
    predictor = run.result.predictor()
    rows = run.clips.table.index.tolist()
    ours = predictor.on(loose(run, run.clips.table["id"]), stored=False)
    theirs = predictor.on(run.clips)
    for mine, other in zip(ours.branches, theirs.branches, strict=True):
        one, two = (branch.load(rows, SCORING, 0, [None] * len(rows)) for branch in (mine, other))
        for a, b in zip(one, two, strict=True):
            for x, y in zip(a, b, strict=True):
                np.testing.assert_array_equal(x, y)
    assert ours.frames_text(rows) == theirs.frames_text(rows)


def test_training_evaluate_and_predict_give_the_same_probabilities(run):
    predictor = run.result.predictor()
    rows = run.clips.table.index.tolist()
    parts = predictor.on(run.clips)
    mean = 0
    for name, (logits,) in predictor.fold_logits(parts, rows):
        session = FoldSession(parts, Fold(name[1], [], rows, name[0]))  # what training scores with
        predictor._weights.give(name, session.model)
        np.testing.assert_array_equal(session.logits(rows), logits)
        mean = mean + softmax(logits) / len(predictor.fold_names)
    np.testing.assert_array_equal(predictor.probabilities(loose(run, run.clips.table["id"])), mean)
    assert cli.main(["evaluate", str(run.folder), "split=all"]) == 0
    (place,) = (run.folder / "evaluations").glob("*-all-*")
    kept = pd.read_csv(place / "predictions.csv").groupby("id")[P].mean()
    np.testing.assert_allclose(kept.loc[run.clips.table["id"]].to_numpy(), mean, rtol=1e-6)


def test_held_out_clips_come_again_as_they_were_predicted(run):
    then = run.result.predictions
    then = then[then["split"] == "validation"].set_index("id")[P].groupby(level=0).mean()
    now = run.result.predictor(folds="held-out", cache=False).predict(*(run.files[name] for name in then.index))
    np.testing.assert_allclose(now[P], then[P], rtol=2e-5, atol=1e-7)
    assert now["id"].tolist() == [str(run.files[name]) for name in then.index]
    one = run.result.predictor(folds="held-out").predict(run.files[then.index[3]])
    np.testing.assert_allclose(one[P], then[P].iloc[[3]], rtol=2e-5, atol=1e-7)


def test_bytes_and_frames_are_videos_too(run):
    predictor = run.result.predictor()
    data = run.files[run.clips.table["id"][0]].read_bytes()
    found = predictor.predict(data, read_frames(data), fps=30)
    np.testing.assert_allclose(found[P].iloc[0], found[P].iloc[1], rtol=1e-5, atol=1e-7)
    assert found["id"].tolist() == ["video 0", "video 1"]
    np.testing.assert_allclose(found[P].sum(axis=1), 1)
    assert found["confidence"].tolist() == found[P].max(axis=1).tolist()


def test_a_window_is_predicted_as_the_clip_of_its_frames(run):
    predictor = run.result.predictor()
    name = run.clips.table["id"][2]
    spans = list(predictor.stream(run.files[name], window=0.2, stride=0.1))
    frames = read_frames(run.files[name].read_bytes())
    assert len(spans) >= 2
    for span in spans:
        first = round(span.start * 30)
        alone = predictor.predict(frames[first : first + 6], fps=30)
        np.testing.assert_allclose(span.probabilities, alone[P].to_numpy()[0], rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return made(tmp_path_factory.mktemp("features"), ["extractor=luma", "classifier=linear", "sampler.frames=3"])


def test_calibration_divides_logits_by_a_temperature(features):
    plain, calibrated = features.result.predictor(), features.result.predictor(calibrated=True)
    assert plain.temperature == 1
    assert calibrated.temperature != 1
    file = next(iter(features.files.values()))
    one = LooseClips("x", [clip_of_bytes("x", file.read_bytes())], plain.classes)
    logits = [logits for _, (logits,) in plain.fold_logits(plain.on(one), [0])]
    expected = np.mean([softmax(each.astype(float) / calibrated.temperature) for each in logits], axis=0)
    np.testing.assert_allclose(calibrated.probabilities(one), expected, rtol=1e-5)


def test_two_predictors_of_one_shape_do_not_mix_their_weights(features, tmp_path):
    other = made(tmp_path, ["extractor=luma", "classifier=linear", "sampler.frames=3", "seed=5"])
    mine, theirs = features.result.predictor(), other.result.predictor()
    file = next(iter(features.files.values()))
    before = mine.predict(file)[P].to_numpy()
    assert not np.allclose(theirs.predict(file)[P], before)
    np.testing.assert_array_equal(mine.predict(file)[P], before)


def test_without_the_cache_nothing_is_written(features):
    place = features.folder.parent / "features"
    before = sorted(place.rglob("*.npz"))
    fresh = read_frames(next(iter(features.files.values())).read_bytes())[1:]
    features.result.predictor(cache=False).predict(fresh)
    assert sorted(place.rglob("*.npz")) == before
    features.result.predictor().predict(fresh)
    assert len(sorted(place.rglob("*.npz"))) > len(before)


def test_a_run_keeps_what_its_training_clips_were_like(features):
    about = json.loads((features.folder / "run.json").read_text())["training_clips"]
    table = features.clips.table[features.clips.table["split"] == "train"]
    assert about["n"] == len(table)
    assert about["rates"] == [30.0]
    assert about["irregular"] is False
    seconds = table["n_frames"] / table["fps"]
    assert about["seconds"] == pytest.approx([seconds.min(), seconds.median(), seconds.max()], abs=1e-3)
    scored = features.result.predictions["luma"]
    assert about["luma"][0] == pytest.approx(scored.min(), abs=0.01)


@pytest.mark.parametrize(
    ("video", "said"),
    [
        (b"no video", "video 0: not a video"),
        ("nowhere.mp4", r"nowhere\.mp4: No such file"),
    ],
)
def test_what_cannot_be_read_is_named(features, video, said):
    with pytest.raises(FailedWork, match=said):
        features.result.predictor().predict(video)


def test_wrong_requests_are_refused(features):
    with pytest.raises(BadRequest, match=r"unknown folds 'held_out'.*did you mean 'held-out'"):
        features.result.predictor(folds="held_out")
    with pytest.raises(BadRequest, match=r"frames must be \(T, H, W, 3\) uint8, not \(12, 48, 64, 3\) float64"):
        features.result.predictor().predict(moving_square(0, 0).astype(float))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A video of a hundred frames that go on where the last clip ends."""
    place = tmp_path_factory.mktemp("film") / "long.mp4"
    place.write_bytes(write_video(np.concatenate([moving_square(i % 3, i, n=12) for i in range(9)]), 30))
    return place


def test_windows_are_predicted_as_clips_of_their_frames_are(run, film):
    predictor = run.result.predictor()
    with open_stream(film) as video:  # in the same lots: what a model gives depends on how many clips it is shown
        lots = list(windows.together(windows_of(video.frames(), 0.5, 0.2, video.fps), 0.2))
    clips = [[each.clip("film", i, 30.0) for i, each in enumerate(lot)] for lot in lots]
    alone = np.concatenate([predictor.of(lot, stored=False) for lot in clips])
    with open_stream(film) as video:
        together = [span.probabilities for span in predicted_windows(predictor, "film", video, 0.5, 0.2)]
    np.testing.assert_array_equal(together, alone)


def test_frames_of_windows_that_overlap_are_extracted_once(tmp_path_factory, film):
    words = ["extractor=luma", "classifier=linear", "sampler=all"]
    predictor = made(tmp_path_factory.mktemp("once"), words).result.predictor()
    prepared = []
    whole = cached_features.CachedFeatures._frames

    def counted(inputs, task):
        prepared.append(len(task.positions))
        return whole(inputs, task)

    with pytest.MonkeyPatch.context() as patch, open_stream(film) as video:
        patch.setattr(cached_features.CachedFeatures, "_frames", counted)
        patch.setattr(windows, "_MOST_WINDOWS", 3)  # several lots: what one has computed serves the next
        spans = list(predicted_windows(predictor, "film", video, 0.5, 0.1))
    assert len(spans) > 20
    assert sum(prepared) == 108
