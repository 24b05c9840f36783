"""The plan of execution: what it says, and that nothing but each distinct stream's extractor is built for it."""

import numpy as np
import pytest

from darkhar_cli import device
from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.errors import BadRequest
from darkhar_cli.features import frozen_extractor
from darkhar_cli.training import branches, model_factory, planning
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts
from darkhar_cli.training.planning import plan_execution
from darkhar_cli.training.trainer import Trainer
from tests.helpers.trainers import FROZEN, HEAD, train_settings

LUMA, CONV = ("luma", {}), ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})
UNIFORM, DENSE = ("uniform", {"frames": 4}), ("dense", {"frames": 3, "stride": 2, "clips": 3})
SOLVED = ("linear", {"l2": 0.01, "solver": "lbfgs"})
CLASSES = ["down", "right", "stay"]


def parts(sampler=UNIFORM, enhance="none", extractor=LUMA, classifier=HEAD):
    return StreamParts(sampler, [(enhance, {})], extractor, classifier)


@pytest.fixture
def experiment(tmp_path):
    def make(*streams, fusion="late", runtime=("auto", "float32"), **train):
        setting = Setting(3, train_settings(**train), RuntimeSettings(*runtime), tmp_path / "features")
        return Experiment({f"s{i}": stream for i, stream in enumerate(streams)}, setting, fusion)

    return make


@pytest.fixture
def built(monkeypatch):
    """The names of extractors that are built; whatever else is built fails the test."""
    names, build = [], planning.build_extractor
    monkeypatch.setattr(planning, "build_extractor", lambda part: names.append(part[0]) or build(part))

    def refuse(*_):
        raise AssertionError("built before the plan was made")

    for module, name in (
        (frozen_extractor, "build_engine"),
        (model_factory, "build_classifier"),
        (branches, "Stream"),
    ):
        monkeypatch.setattr(module, name, refuse)
    return names


def test_equal_frozen_streams_are_one_and_built_once(experiment, built):
    plan = plan_execution(experiment(parts(), parts(DENSE), parts(classifier=SOLVED)), CLASSES)
    assert built == ["luma", "luma"]
    assert [stream.names for stream in plan.streams] == [("s0", "s2"), ("s1",)]
    assert [(one.names, one.streams, one.solved) for one in plan.classifiers] == [
        (("s0",), (0,), False),
        (("s1",), (1,), False),
        (("s2",), (0,), True),
    ]
    assert (plan.mode, plan.epochs, plan.solved) == ("features", 3, False)


def test_what_learns_is_never_shared(experiment, built):
    plan = plan_execution(experiment(parts(extractor=CONV), parts(extractor=CONV)), CLASSES)
    assert built == ["conv_small", "conv_small"]
    assert [stream.names for stream in plan.streams] == [("s0",), ("s1",)]
    assert {stream.runtime for stream in plan.streams} == {None}


@pytest.mark.parametrize(
    ("words", "runtime", "dtype"),
    [
        ({"trainable": False}, "openvino", "float32"),
        ({"trainable": False}, "keras", "bfloat16"),
        ({}, "keras", "bfloat16"),
    ],
)
def test_a_frozen_extractor_is_built_once_in_the_precision_of_its_runtime(words, runtime, dtype, experiment, built):
    network = (FROZEN[0], FROZEN[1] | words)
    with device.precision("mixed_bfloat16"):
        plan = plan_execution(experiment(parts(extractor=network), runtime=(runtime, "float32")), CLASSES)
    assert built == ["mobilenet"]
    assert plan.streams[0].extractor.model.compute_dtype == dtype


def test_one_that_does_not_say_so_is_built_again_where_its_runtime_wants_another_precision(experiment, built):
    with device.precision("mixed_bfloat16"):
        plan = plan_execution(experiment(parts(extractor=FROZEN), runtime=("openvino", "float32")), CLASSES)
    assert built == ["mobilenet", "mobilenet"]
    assert plan.streams[0].extractor.model.compute_dtype == "float32"


def test_a_plan_in_lines_and_in_plain_values(experiment, built, clips):
    asked = experiment(parts(("rate", {"fps": 30.0, "steps": 64}), "gamma"), parts(DENSE, classifier=SOLVED))
    plan = plan_execution(asked, CLASSES)
    assert plan.lines(clips.table) == [
        "mode features: enhancement and luma are frozen, so each frame is computed once",
        "runtime opencv float32: luma brings its own",
        f"{len(clips.table)} clips are shorter than sampler rate wants: sampler.short={plan.streams[0].sampler.short}",
    ]
    facts = plan.facts()
    first, second = facts["streams"]
    assert (facts["mode"], facts["epochs"]) == ("features", 3)
    assert {key: first[key] for key in ("names", "sampler", "enhance", "extractor", "backend", "views")} == {
        "names": ["s0"],
        "sampler": "rate",
        "enhance": "gamma",
        "extractor": "luma",
        "backend": "host",
        "views": 1,
    }
    assert first["runtime"] == {"name": "opencv", "precision": "float32", "why": "luma brings its own"}
    assert second["views"] == 3
    assert facts["classifiers"] == [
        {"name": "lstm", "from": ["s0"], "trained": "by steps"},
        {"name": "linear", "from": ["s1"], "trained": "solved"},
    ]


def test_solved_classifiers_alone_need_one_epoch(experiment, built):
    plan = plan_execution(experiment(parts(classifier=SOLVED), fusion="concat"), CLASSES)
    assert (plan.solved, plan.epochs) == (True, 1)
    asked = experiment(parts(classifier=SOLVED), parts(enhance="gamma", classifier=SOLVED), fusion="concat")
    (classifier,) = plan_execution(asked, CLASSES).classifiers
    assert (classifier.names, classifier.streams) == (("s0", "s1"), (0, 1))


def test_a_classifier_that_is_not_what_its_solver_says_is_refused(experiment, clips, monkeypatch):
    monkeypatch.setattr(planning, "_solver", lambda part: "gradient" if part == SOLVED else "lbfgs")
    for classifier, how in ((SOLVED, "has nothing to train by steps"), (HEAD, "has weights that are trained by steps")):
        with pytest.raises(BadRequest, match=f"classifier '{classifier[0]}' {how}"):
            Trainer(experiment(parts(classifier=classifier)), clips)


def test_first_weights_do_not_depend_on_what_is_drawn_after_planning(experiment, clips):
    import random

    asked, hashes = experiment(parts(extractor=CONV)), []
    for draws in (0, 5):
        plan = plan_execution(asked, clips.classes)
        for _ in range(draws):
            random.random()
            np.random.default_rng().random()
        hashes.append(Trainer(asked, clips, execution=plan).model.weights_hash())
    assert hashes[0] == hashes[1]
