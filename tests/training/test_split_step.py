"""A step in parts is the step: the same losses and weights, in less memory or on several devices; written once."""

import os
import subprocess
import sys

import numpy as np
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.files.tables import read_csv
from darkhar_cli.training.distribution import distributed
from darkhar_cli.training.split_step import SplitStep
from tests.conftest import TINY
from tests.helpers.trainers import session_of, trainer_maker

EXTRACTOR = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})


@pytest.fixture
def trained(tmp_path, clips):
    maker = trainer_maker(tmp_path, clips, EXTRACTOR)

    def train(head=("lstm", {"units": 8, "dense": [8], "dropout": 0.0}), **settings):
        made = maker(enhance="none", classifier=head, **settings)
        session = session_of(made, clips.rows("train")[:-1])  # 11 clips in steps of 6: parts are uneven
        losses = [session.train_epoch(epoch)["loss"] for epoch in range(3)]
        return made, losses, session.model.model.get_weights(), session.logits(clips.rows("train"))

    return train


@pytest.mark.parametrize("parts", [4, 50])
def test_steps_in_parts_are_the_steps(trained, parts):
    head = ("linear", {"l2": 0.1})  # a penalty counts once, not once for each part
    made, losses, weights, logits = trained(head)
    assert not isinstance(made.model._step, SplitStep)
    other, in_parts, their_weights, their_logits = trained(head, accumulate=parts)
    assert isinstance(other.model._step, SplitStep)
    np.testing.assert_allclose(in_parts, losses, rtol=1e-5)
    for ours, theirs in zip(weights, their_weights, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-3, atol=2e-5)
    np.testing.assert_allclose(their_logits, logits, rtol=1e-3, atol=1e-4)


def test_no_part_of_a_step_is_larger_than_asked():
    seen = []
    step = SplitStep.__new__(SplitStep)
    step.accumulate, step._move = 4, lambda: seen.append("move")
    step._add = lambda count, labels, *rest: (seen.append(len(labels)), (1.0, 1.0))[1]
    assert step(np.zeros(6, int), np.zeros(6), np.zeros((6, 2))) == (4.0, 4.0)
    assert step(np.zeros(2, int), np.zeros(2), np.zeros((2, 2))) == (2.0, 2.0)
    assert seen == [2, 2, 1, 1, "move", 1, 1, "move"]


def test_classifiers_on_features_are_not_cut(trained):
    with pytest.raises(BadRequest, match=r"train\.accumulate=2: classifiers on stored features are too small"):
        trained(extractor=("luma", {}), accumulate=2)


def test_one_device_is_refused_with_what_helps():
    with pytest.raises(BadRequest, match=r"sees one device here .*train\.accumulate=2"), distributed("mirrored"):
        pass


RUNS = """
import sys
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from darkhar_cli import cli
for how in ("none", "mirrored"):
    code = cli.main(["train", *sys.argv[1:], f"train.distribute={how}", f"hydra.run.dir={how}"])
    assert code == 0, code
"""


@pytest.fixture(scope="module")
def words(own_clips_folder):
    data = ["dataset=video_folder", f"dataset.root={own_clips_folder}", r"dataset.group=^([a-z]+_\d+)_"]
    settings = ["train.epochs=3", "train.learning_rate=0.01", "train.warm_up=1", "train.patience=1"]
    return [*data, *TINY, "classifier.dropout=0", *settings, "cv=stratified_group", "cv.folds=2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, words):
    """A folder with a run on one device and the same on two."""
    made = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-c", RUNS, *words]
    done = subprocess.run(command, cwd=made, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def assert_same_training(place, other):
    one, two = (read_csv(place / how / "metrics/history.csv") for how in ("none", other))
    assert len(one) == len(two) >= 4
    for column in ("loss", "objective"):
        np.testing.assert_allclose(two[column], one[column], rtol=1e-3)
    first, second = (read_csv(place / how / "predictions.csv") for how in ("none", other))
    shares = [column for column in first if column.startswith("p_")]
    np.testing.assert_allclose(second[shares], first[shares], atol=2e-3)
    assert sorted(path.name for path in (place / other / "models").iterdir()) == ["fold_0.keras", "fold_1.keras"]


def test_mirrored_on_two_devices_trains_as_one_does(place):
    assert "training on 2 devices: CPU:0, CPU:1" in (place / "mirrored/log.txt").read_text()
    assert_same_training(place, "mirrored")
