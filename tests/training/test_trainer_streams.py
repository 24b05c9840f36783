"""Several streams and views in training and scoring: by hand, against scikit-learn, and on training clips alone."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import SCORING
from darkhar_cli.splits.plan import plan_folds
from darkhar_cli.training.events import TrainingListener
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts
from darkhar_cli.training.fit_loop import fit_fold, to_fit_and_watch
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.trainer import Trainer
from tests.helpers.trainers import FROZEN, HEAD, TRAIN, session_of

LUMA = ("luma", {})
UNIFORM = ("uniform", {"frames": 4})
DENSE = ("dense", {"frames": 3, "stride": 2, "clips": 3})
LINEAR = ("linear", {"l2": 0.01})
SOLVED = ("linear", {"l2": 0.01, "solver": "lbfgs"})
CONV = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})


def parts(sampler=UNIFORM, enhance="none", extractor=LUMA, classifier=HEAD):
    return StreamParts(sampler, [(enhance, {})], extractor, classifier)


@pytest.fixture
def trainer(tmp_path, clips):
    """Make a trainer of streams, all with one bank."""

    def make(*streams, augment=("none",), reversals=None, fusion="late", mirrored=False, **train):
        named = {f"s{i}": one for i, one in enumerate(streams)}
        setting = Setting(3, replace(TRAIN, **train), RuntimeSettings(), tmp_path / "bank")
        steps = [(name, {}) for name in augment]
        return Trainer(Experiment(named, setting, fusion, steps, reversals, None, mirrored), clips)

    return make


def fold_of(clips):
    return plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0).folds[0]


def fitted(made, clips, epochs=2):
    session = FoldSession(made, fold_of(clips))
    session.prepare_heads()
    for epoch in range(epochs if not made.solved else 0):
        session.train_epoch(epoch)
    return session, session.fold


def close_up_to_a_constant(got, expected):
    np.testing.assert_allclose(log_softmax(got, axis=1), log_softmax(expected, axis=1), rtol=1e-4, atol=1e-4)


def test_views_are_averaged_by_log_probability(trainer, clips):
    made = trainer(parts(DENSE))
    session, fold = fitted(made, clips)
    stream, views = made.streams[0], []
    assert made.branches[0].views() == 3
    for view in range(3):
        positions = [given[view] for given in stream.positions(fold.validation, SCORING)]
        features, mask = stream.inputs().load(fold.validation, positions)
        views.append(log_softmax(session.model.model.predict_on_batch([features, mask]).astype(np.float64), axis=1))
    np.testing.assert_allclose(session.logits(fold.validation), np.mean(views, axis=0), rtol=1e-4, atol=1e-5)
    assert made.frames_text(fold.validation)[0].count(" | ") == 2


def test_streams_with_fewer_views_give_their_last(trainer, clips):
    made = trainer(parts(DENSE), parts(UNIFORM))
    session, fold = fitted(made, clips)
    rows, (first, second) = fold.validation, made.streams
    whole = second.inputs().load(rows, [given[0] for given in second.positions(rows, SCORING)])
    found = []
    for view in range(3):
        mine = first.inputs().load(rows, [given[view] for given in first.positions(rows, SCORING)])
        for head, given in zip(session.model.heads(), (mine, whole), strict=True):
            found.append(log_softmax(head.predict_on_batch(list(given)).astype(np.float64), axis=1))
    close_up_to_a_constant(session.logits(rows), np.mean(found, axis=0))


def test_mirrored_frames_are_scored_too(trainer, clips):
    made = trainer(parts(extractor=CONV), mirrored=True)
    session, fold = fitted(made, clips, epochs=1)
    stream = made.streams[0]
    positions = [given[0] for given in stream.positions(fold.validation, SCORING)]
    frames, mask = stream.inputs().load(fold.validation, positions)
    both = [session.model.model.predict_on_batch([one, mask]) for one in (frames, frames[:, :, :, ::-1])]
    assert not np.allclose(*both)
    expected = np.mean([log_softmax(one.astype(np.float64), axis=1) for one in both], axis=0)
    np.testing.assert_allclose(session.logits(fold.validation), expected, rtol=1e-4, atol=1e-5)


def test_mirrored_features_are_scored_too(trainer, clips, fake_tflite):
    pose = ("pose", {"weights": str(fake_tflite)})
    made = trainer(parts(extractor=pose, classifier=SOLVED), mirrored=True)
    session, fold = fitted(made, clips)
    stream = made.streams[0]
    positions = [given[0] for given in stream.positions(fold.validation, SCORING)]
    seen, mask = stream.inputs().load(fold.validation, positions)
    turned = np.stack([stream.extractor.symmetry.mirrored(one) for one in seen])
    both = [session.model.model.predict_on_batch([one, mask]).astype(np.float64) for one in (seen, turned)]
    assert not np.allclose(*both)
    expected = np.mean([log_softmax(one, axis=1) for one in both], axis=0)
    np.testing.assert_allclose(session.logits(fold.validation), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(BadRequest, match=r"'mobilenet' have no mirror image; give train.mode=end"):
        trainer(parts(extractor=FROZEN), mirrored=True)


def test_a_solved_head_is_scikit_learns_on_every_listed_turn(trainer, clips, fake_tflite):
    pose = ("pose", {"weights": str(fake_tflite)})
    swap = {0: 1, 1: 0, 2: None}  # the last class has no reversed clip
    made = trainer(parts(extractor=pose, classifier=SOLVED), augment=("mirror", "reverse"), reversals=swap)
    assert made.solved
    assert made.epochs == 1
    fold = fold_of(clips)
    session = FoldSession(made, fold, *to_fit_and_watch(made, fold, None))
    history, kept = fit_fold(session, TrainingListener())
    history = [epoch.row() for epoch in history]
    assert (history, kept) == ([{"epoch": 1, **session.measure(fold.train)}], 1)

    stream, rows, labels, first = made.streams[0], [], [], []  # first: each clip as it is
    for row, label in zip(fold.train, clips.labels(fold.train), strict=True):
        first.append(len(rows))
        (seen,) = stream.inputs().each([row], stream.positions([row], SCORING)[0])
        symmetry = stream.extractor.symmetry
        for one in (seen, symmetry.mirrored(seen)):
            rows += [one] if swap[label] is None else [one, symmetry.reversed(one)]
            labels += [label] if swap[label] is None else [label, swap[label]]
    steps = np.concatenate(rows).astype(np.float64)
    layer = session.model.heads()[0].get_layer("standardize")
    np.testing.assert_allclose(layer.mean.numpy(), steps.mean(axis=0), rtol=1e-4, atol=1e-4)
    given = keras.Model(session.model.model.inputs, session.model.heads()[0].layers[-1].input)
    pooled = np.stack([given.predict_on_batch([one[None], np.ones((1, len(one)), bool)])[0] for one in rows])
    solver = LogisticRegression(C=1 / (2 * 0.01 * len(rows)), tol=1e-8, max_iter=20_000).fit(pooled, labels)
    (held, mask) = stream.inputs().load(fold.validation, [p[0] for p in stream.positions(fold.validation, SCORING)])
    expected = solver.predict_log_proba(given.predict_on_batch([held, mask]))
    got = log_softmax(session.logits(fold.validation).astype(np.float64), axis=1)
    np.testing.assert_allclose(got, expected, rtol=1e-2, atol=2e-3)
    plain = [solver.predict_log_proba(pooled[labels_at : labels_at + 1])[0] for labels_at in first]
    truth = clips.labels(fold.train)
    assert history[0]["loss"] == pytest.approx(-np.mean([p[k] for p, k in zip(plain, truth, strict=True)]), abs=2e-3)
    assert history[0]["accuracy"] == (session.logits(fold.train).argmax(axis=1) == truth).mean()


def test_clips_turned_back_in_training_are_what_the_reversed_clip_would_give(trainer, clips, fake_tflite):
    flow = ("flow", {"weights": str(fake_tflite)})
    made = trainer(parts(extractor=flow, classifier=SOLVED), augment=("mirror", "reverse"), reversals={})
    stream, rows = made.streams[0], clips.rows("train")[:4]
    symmetry, positions = stream.extractor.symmetry, [given[0] for given in stream.positions(rows, SCORING)]
    inputs = session_of(made, rows).inputs
    for sampled in made.augment.listed(0):
        seen, mask = inputs.load(made.branches[0], rows, [sampled] * len(rows), SCORING)
        assert mask.all()
        for row, at, found in zip(rows, positions, seen, strict=True):
            n = int(clips.table.loc[row, "n_frames"])
            (whole,) = stream.inputs().each([row], [np.arange(n)])
            mirrored, backwards = sampled.outcomes
            whole = symmetry.mirrored(whole) if mirrored else whole
            expected = symmetry.reversed(whole)[(n - 1 - at)[::-1]] if backwards else whole[at]
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_solved_and_trained_heads_go_together(trainer, clips):
    made, alone = trainer(parts(classifier=SOLVED), parts(classifier=LINEAR)), trainer(parts(classifier=SOLVED))
    assert len(made.streams) == 1, "equal streams are one"
    assert [branch.streams for branch in made.branches] == [tuple(made.streams)] * 2
    assert not made.solved
    fold = fold_of(clips)
    session = FoldSession(made, fold)
    session.prepare_heads()
    solved, trained = session.model.heads()
    before, first = solved.get_weights(), trained.get_weights()
    for epoch in range(2):
        session.train_epoch(epoch)
    for one, other in zip(before, solved.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((one != other).any() for one, other in zip(first, trained.get_weights(), strict=True))
    only, _ = fitted(alone, clips)
    for one, other in zip(solved.get_weights(), only.model.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert np.isfinite(session.logits(fold.validation)).all()
    assert FoldSession(made, fold).initial_weights == FoldSession(made, fold).initial_weights, "a fold starts fresh"


@pytest.mark.parametrize("classifier", [SOLVED, LINEAR, HEAD])
def test_scored_clips_are_never_seen_before_they_are_scored(trainer, clips, classifier):
    made = trainer(parts(classifier=classifier), parts(enhance="gamma", classifier=LINEAR), shuffle_labels="clips")
    shown = []
    for stream in made.streams:
        each = stream.inputs().each
        stream.inputs().each = lambda rows, positions, each=each: shown.extend(rows) or each(rows, positions)
    fold = fold_of(clips)
    session = FoldSession(made, fold)
    session.prepare_heads()
    session.train_epoch(0)
    assert set(shown) == set(fold.train)


def test_shuffled_labels_reach_solved_heads(trainer, clips):
    one = parts(extractor=LUMA, classifier=SOLVED)
    plain, shuffled = trainer(one), trainer(one, shuffle_labels="clips")
    ours, theirs = (fitted(made, clips)[0].model.model.get_weights() for made in (plain, shuffled))
    assert any(not np.allclose(one, other) for one, other in zip(ours, theirs, strict=True))


def test_identical_streams_say_what_one_says(trainer, clips):
    one, two = trainer(parts()), trainer(parts(), parts())
    logits = []
    for made in (one, two):
        session = FoldSession(made, fold_of(clips))
        for head in session.model.heads()[1:]:
            head.set_weights(session.model.heads()[0].get_weights())
        for epoch in range(2):
            session.train_epoch(epoch)
        logits.append(session.logits(session.fold.validation))
    close_up_to_a_constant(*logits)


def test_whole_models_are_fused_saved_and_loaded(trainer, clips, tmp_path):
    from darkhar_cli.data.video import read_frames
    from darkhar_cli.randomness import key_of

    made = trainer(parts(extractor=CONV), parts(enhance="gamma", extractor=CONV))
    assert (made.mode, len(made.streams)) == ("end_to_end", 2)
    session, fold = fitted(made, clips)
    session.model.whole.save(tmp_path / "model.keras")
    whole = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = session.logits(fold.validation[:2])
    for row, logits in zip(fold.validation[:2], expected, strict=True):
        key = np.array([key_of(3, SCORING, clips.table.loc[row, "digest"])], np.uint32)
        clip, fps = read_frames(clips.video(row))[None], np.array([30.0], np.float32)
        got = whole(clip, keys=key, fps=fps).numpy()
        np.testing.assert_allclose(got[0], logits, rtol=1e-4, atol=1e-5)
        each = [log_softmax(one(clip, keys=key).numpy(), axis=1) for one in session.model.whole.models]
        np.testing.assert_allclose(got, np.mean(each, axis=0), rtol=1e-4, atol=1e-5)


def test_side_by_side_features_have_one_classifier(trainer, clips, fake_tflite):
    pose = ("pose", {"weights": str(fake_tflite)})
    made = trainer(parts(extractor=pose), parts(enhance="gamma", extractor=pose), fusion="concat")
    (branch,) = made.branches
    assert branch.timeline.features == 140
    assert branch.timeline.channels[0] == f"s0.{made.streams[0].extractor.channels[0]}"
    assert branch.timeline.channels[70] == f"s1.{made.streams[0].extractor.channels[0]}"
    inputs = session_of(made, [0, 1]).inputs
    sampled = [made.augment.drawn(inputs.digests[row], inputs.labels[row], SCORING) for row in (0, 1)]
    seen, mask = inputs.load(branch, [0, 1], sampled, SCORING)
    for i, stream in enumerate(made.streams):
        own = stream.inputs().load([0, 1], [given[0] for given in stream.positions([0, 1], SCORING)])
        np.testing.assert_array_equal(seen[:, :, 70 * i : 70 * (i + 1)], own[0])
        np.testing.assert_array_equal(mask, own[1])
    session, fold = fitted(made, clips)
    assert np.isfinite(session.logits(fold.validation)).all()
    bare = parts(extractor=FROZEN), parts(enhance="gamma", extractor=FROZEN)
    assert not trainer(*bare, fusion="concat").branches[0].timeline.channels


def test_features_one_after_another_have_one_classifier(trainer, clips):
    bare = parts(extractor=FROZEN), parts(DENSE, enhance="gamma", extractor=FROZEN)
    made = trainer(*bare, fusion="time")
    (branch,) = made.branches
    assert branch.timeline == made.streams[0].timeline
    assert branch.bytes([0, 1]) == 4 * branch.timeline.features * sum(s.most_steps([0, 1]) for s in made.streams)
    inputs = session_of(made, [0, 1]).inputs
    sampled = [made.augment.drawn(inputs.digests[row], inputs.labels[row], SCORING) for row in (0, 1)]
    seen, mask = inputs.load(branch, [0, 1], sampled, SCORING)
    loaded = [
        stream.inputs().load([0, 1], [g[0] for g in stream.positions([0, 1], SCORING)]) for stream in made.streams
    ]
    steps = loaded[0][0].shape[1]
    assert seen.shape[1] == steps + loaded[1][0].shape[1]
    for place, (features, known) in zip((np.s_[:, :steps], np.s_[:, steps:]), loaded, strict=True):
        np.testing.assert_array_equal(seen[place], features)
        np.testing.assert_array_equal(mask[place], known)
    session, fold = fitted(made, clips)
    assert np.isfinite(session.logits(fold.validation)).all()


def test_streams_that_do_not_go_together_are_refused(trainer):
    cases = [
        ((parts(), parts(DENSE)), "concat", "streams.s1 has another sampler than 's0'"),
        ((parts(), parts(classifier=LINEAR)), "concat", "streams.s1 has another classifier than 's0'"),
        ((parts(extractor=CONV), parts(enhance="gamma", extractor=CONV)), "concat", "take extractors that are frozen"),
        ((parts(), parts(extractor=FROZEN)), "time", "streams.s1 has another extractor than 's0'"),
        ((parts(), parts(classifier=LINEAR)), "time", "streams.s1 has another classifier than 's0'"),
        ((parts(extractor=CONV), parts(enhance="gamma", extractor=CONV)), "time", "features one after another: take"),
        ((parts(), parts(extractor=CONV)), "late", "streams.s1 is trained end to end .* and streams.s0 from features"),
        ((parts(extractor=CONV, classifier=SOLVED),), "late", "use solver=gradient"),
    ]
    for streams, fusion, said in cases:
        with pytest.raises(BadRequest, match=said):
            trainer(*streams, fusion=fusion)
