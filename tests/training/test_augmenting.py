"""How training clips turn out: what is drawn, what is listed, their labels, and what cannot be asked for."""

import json
from dataclasses import replace

import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.channels import Channel, Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.splits.plan import plan_folds
from darkhar_cli.training.augmentation import Augmentations, SampledAugmentation, reversals_of
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts
from darkhar_cli.training.trainer import Trainer
from tests.conftest import TINY, only
from tests.helpers.trainers import FROZEN, HEAD, TRAIN, lively_mobilenet, session_of

CLASSES = ["Jump", "Sit", "Stand", "Walk"]
REVERSALS = {1: 2, 2: 1, 3: None}
SMALL = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})
HOST = Extractor("seen", 1, None, function=lambda frames: frames.mean(axis=(1, 2, 3))[:, None])
WITH_SYMMETRY = replace(HOST, channels=("x",), symmetry=Symmetry.of([Channel("x", mirror_sign=-1.0)]))


def chain(*names, reversals=REVERSALS, seed=0, **parameters):
    return Augmentations([(name, parameters.get(name, {})) for name in names], reversals, seed)


def test_reversals_by_index():
    assert reversals_of({"Sit": "Stand", "Stand": "Sit", "Walk": None}, CLASSES) == REVERSALS
    assert reversals_of({}, CLASSES) == {}
    assert reversals_of(None, CLASSES) is None


@pytest.mark.parametrize("asked", [{"Sitt": "Stand"}, {"Stand": "Sitt"}])
def test_reversals_of_unknown_classes(asked):
    with pytest.raises(BadRequest, match=r"unknown class in dataset.reverse 'Sitt'; choose from .*did you mean 'Sit'"):
        reversals_of(asked, CLASSES)


def test_labels_of_drawn_turns():
    augment, found = chain("mirror", "reverse"), {}
    for label in range(4):
        turns = [augment.drawn(f"clip {i}", label, 0) for i in range(200)]
        found[label] = {(turn.outcomes, turn.label) for turn in turns}
    for label, backwards in ((0, 0), (1, 2), (2, 1)):
        assert found[label] == {((m, r), backwards if r else label) for m in range(2) for r in range(2)}
    assert found[3] == {((m, 0), 3) for m in range(2)}, "nothing is what walking backwards looks like"


def test_draws_are_of_seed_epoch_and_clip():
    augment = chain("mirror", "reverse", "darken")
    clips = [f"clip {i}" for i in range(40)]
    first = [augment.drawn(clip, 0, 0) for clip in clips]
    assert [augment.drawn(clip, 0, 0) for clip in clips[::-1]] == first[::-1]
    for other in (
        [augment.drawn(clip, 0, 1) for clip in clips],
        [chain("mirror", "reverse", "darken", seed=1).drawn(clip, 0, 0) for clip in clips],
    ):
        assert [turn.outcomes for turn in other] != [turn.outcomes for turn in first]
    mirrored, backwards, _ = np.array([augment.drawn(f"clip {i}", 0, 0).outcomes for i in range(2000)]).T
    assert abs(np.corrcoef(mirrored, backwards)[0, 1]) < 0.09, "augmentations are drawn apart"


def test_every_turn_is_listed_once():
    augment = chain("mirror", "reverse", "darken", darken={"copies": 2})
    ways = [None, *(Darkening((0.35, 0.9), (0.0, 3.0), 0, copy) for copy in (1, 2))]
    expected = [
        SampledAugmentation((1, 2)[r], (m, r, d), ways[d], 0) for m in range(2) for r in range(2) for d in range(3)
    ]
    assert augment.listed(1) == expected
    assert augment.listed(3) == [SampledAugmentation(3, (m, 0, d), ways[d], 0) for m in range(2) for d in range(3)]
    assert augment.listed(1)[0].outcomes == (0, 0, 0)
    assert chain("none").listed(2) == [SampledAugmentation(2, (0,), None, 0)]
    assert len(chain("gain", "mirror").listed(2)) == 2


def test_what_is_drawn_is_listed():
    augment = chain("mirror", "reverse", "darken")
    for label in range(4):
        listed = set(augment.listed(label))
        assert {augment.drawn(f"clip {i}", label, 0) for i in range(300)} == listed


def test_darkenings():
    assert chain("mirror", "gain").darkenings() == [None]
    found = chain("mirror", "darken", seed=7, darken={"brightness": 0.5, "noise": [1, 2], "copies": 3}).darkenings()
    assert found == [None, *(Darkening((0.5, 0.5), (1.0, 2.0), 0, copy) for copy in (1, 2, 3))]
    with pytest.raises(BadRequest, match=r"augment.darken.noise=\[2, 1\]: give the lowest first"):
        chain("darken", darken={"noise": [2, 1]})


def test_augmentations_are_applied_in_order():
    seen = np.arange(12, dtype=np.float32).reshape(6, 2)
    symmetry = Symmetry.of([Channel("a", mirror_offset=1.0), Channel("b", reverse_sign=-1.0)])
    extractor = replace(HOST, symmetry=symmetry)
    found = chain("mirror", "reverse").apply(
        SampledAugmentation(0, (1, 1), None, 0), "clip", seen, extractor, on_frames=False
    )
    np.testing.assert_array_equal(found, (seen + np.array([1, 0]))[::-1] * [1, -1])
    both = [
        chain(*names).apply(SampledAugmentation(0, (0, 0), None, 4), "clip", seen, extractor, False)
        for names in (("gain", "noise"), ("noise", "gain"))
    ]
    assert (both[0] != both[1]).any()
    frames = np.random.default_rng(0).uniform(0, 255, (4, 6, 8, 3)).astype(np.float32)
    found = chain("mirror", "reverse").apply(
        SampledAugmentation(0, (1, 1), None, 0), "clip", frames, extractor, on_frames=True
    )
    np.testing.assert_array_equal(found, frames[::-1, :, ::-1])


def test_which_clips_turn_out_backwards():
    augment = chain("mirror", "reverse", "gain")
    assert [augment.backwards(turn) for turn in augment.listed(1)] == [False, True, False, True]
    assert not any(chain("mirror", "gain").backwards(turn) for turn in chain("mirror", "gain").listed(1))


def test_reversal_that_nothing_says():
    augment = chain("mirror", "reverse", reversals=None)
    with pytest.raises(BadRequest, match=r"augment=reverse: nothing says .* dataset.reverse="):
        augment.listed(0)


@pytest.fixture(scope="module")
def extractors():
    """One that learns, and one that is frozen, both on frames."""
    learns = registry.get("extractor", SMALL[0])(**SMALL[1])
    frozen = registry.get("extractor", FROZEN[0])(**FROZEN[1])
    assert learns.trainable
    assert not frozen.trainable
    return learns, frozen


def test_why_frames_are_needed(extractors):
    learns, frozen = extractors
    assert chain("none").needs_frames(frozen) == ""
    assert chain("gain", "noise", "time_warp", "darken", "reverse").needs_frames(frozen) == ""
    assert chain("mirror", "gain", "reverse").needs_frames(WITH_SYMMETRY) == ""
    assert chain("reverse").needs_frames(HOST) == ""
    assert chain("reverse", "crop").needs_frames(frozen) == "augment=crop changes frames"
    why = "augment=mirror changes frames, as mobilenet has no channels with a symmetry"
    assert chain("mirror", "crop").needs_frames(frozen) == why
    assert chain("mirror", "reverse", "darken").needs_frames(learns).startswith("augment=mirror changes frames")
    assert chain("reverse", "darken").needs_frames(learns) == ""


@pytest.mark.parametrize("name", ["gain", "noise", "time_warp"])
def test_features_that_are_learnt_are_not_augmented(name, extractors):
    with pytest.raises(BadRequest, match=f"augment={name} changes features, but extractor 'conv_small' learns"):
        chain("crop", name).needs_frames(extractors[0])


@pytest.mark.parametrize(("name", "scope"), [("mirror", "frame"), ("mirror", "clip"), ("reverse", "clip")])
def test_features_without_a_symmetry(name, scope):
    with pytest.raises(BadRequest, match=f"augment={name}: nothing says what becomes of the features of .* 'seen'"):
        chain(name).needs_frames(replace(HOST, scope=scope))
    assert chain(name).needs_frames(replace(WITH_SYMMETRY, scope=scope)) == ""


@pytest.fixture
def trainer(tmp_path, clips):
    """Make a trainer with augmentations."""

    def make(*augment, extractor=FROZEN, mode="auto", classifier=HEAD):
        parts = StreamParts(("random", {"frames": 4}), [("none", {})], extractor, classifier)
        setting = Setting(3, replace(TRAIN, mode=mode), RuntimeSettings(), tmp_path / "bank")
        return Trainer(Experiment({"": parts}, setting, augment=[(name, {}) for name in augment]), clips)

    return make


@pytest.mark.parametrize(
    ("augment", "more", "message"),
    [
        (("mirror", "gain"), {}, r"augment=gain changes features, but .* on frames \(augment=mirror changes frames"),
        (("noise",), {"mode": "end_to_end"}, r"augment=noise changes features, but .* on frames \(as asked\)"),
        (("crop",), {"mode": "features"}, r"train.mode=features: augment=crop changes frames; use train.mode=auto"),
        (("crop",), {"extractor": ("luma", {})}, r"augment=crop changes frames, but extractor 'luma' runs on the host"),
        (("reverse",), {}, r"augment=reverse: nothing says what the classes .* show backwards"),
    ],
)
def test_what_would_do_nothing_is_refused(augment, more, message, trainer):
    with pytest.raises(BadRequest, match=message):
        trainer(*augment, **more)


@pytest.fixture(scope="module")
def unaugmented(tmp_path_factory):
    """By extractor: its name and parameters, then its logits and first loss without augmentation, once there."""
    return {"learns": [SMALL], "frozen": [lively_mobilenet(tmp_path_factory.mktemp("weights"))]}


@pytest.mark.parametrize(
    ("augment", "extractor"),
    [(("crop", "jitter"), "learns"), (("gain", "noise"), "frozen"), (("darken",), "frozen"), (("darken",), "learns")],
)
def test_training_is_augmented_and_scoring_never(augment, extractor, trainer, clips, unaugmented):
    def seen(made):
        rows = clips.rows("train")
        session = session_of(made, rows)
        return session.logits(rows), session.train_epoch(0)["loss"]

    known = unaugmented[extractor]
    if len(known) == 1:
        known.append(seen(trainer(extractor=known[0])))
    (expected, plain), (found, loss) = known[1], seen(trainer(*augment, extractor=known[0]))
    np.testing.assert_array_equal(found, expected)
    assert plain != loss


def test_augmented_training_repeats(trainer, clips):
    rows, losses = clips.rows("train"), []
    for order in (1, -1):
        made = trainer("mirror", "crop", "cutout", extractor=SMALL)
        session = session_of(made, rows[::order])
        losses.append([session.train_epoch(epoch)["loss"] for epoch in range(2)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5), "the order in which rows are given does not matter"


def test_darkened_features_are_computed_before_the_first_fold(trainer, clips):
    made = trainer("darken")
    made.prepare(plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0), TRAIN.epochs)
    stream = made.streams[0]
    ways = made.augment.darkenings()
    assert len(ways) == 3
    before = [stream.inputs(way).computed for way in ways]
    assert min(before) > 0
    session_of(made, clips.rows("train")).train_epoch(0)
    assert [stream.inputs(way).computed for way in ways] == before


def run_of(tmp_path):
    run = only(tmp_path / "outputs" / "train")
    return json.loads((run / "run.json").read_text()), (run / "log.txt").read_text()


def test_a_run_on_mirrored_frames(darkhar, own_clips, tmp_path):
    code, _, err = darkhar("train", *own_clips, *TINY, "train.epochs=1", "augment=[mirror,crop]", "cv.folds=2")
    assert code == 0, err
    facts, log = run_of(tmp_path)
    assert facts["mode"] == "end_to_end"
    assert "mode end_to_end: conv_small learns" in log


def test_a_run_on_augmented_keypoints(darkhar, own_clips, fake_tflite, tmp_path):
    words = ["train", *own_clips, "sampler.frames=4", "extractor=movenet", f"extractor.weights={fake_tflite}"]
    words += ["classifier=lstm", "classifier.units=8", "classifier.dense=[8]", "train.epochs=2", "cv.folds=2"]
    kept, chain_asked = "dataset.reverse={right: null, down: null}", "augment=[mirror,reverse,gain,noise]"
    code, _, err = darkhar(*words, chain_asked, kept)
    assert code == 0, err
    facts, log = run_of(tmp_path)
    assert facts["mode"] == "features"
    assert facts["mode_reason"] == "enhancement and movenet are frozen, so each frame is computed once"
    assert f"mode features: {facts['mode_reason']}" in log
    for refused, message in (
        ([chain_asked], "augment=reverse: nothing says what the classes of this data set show backwards"),
        (["augment=[jitter]"], "augment=jitter changes frames, but extractor 'movenet' runs on the host, on features"),
        (["augment=[crop]", "augment.crop.area=[0.9,0.5]"], "augment.crop.area=[0.9, 0.5]: give the lowest first"),
    ):
        code, _, err = darkhar(*words, *refused)
        assert code == 2
        assert message in err
