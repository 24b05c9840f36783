"""Trainers of small models, made in a test's own folder."""

from dataclasses import replace

import keras
import numpy as np

from darkhar_cli.config.settings import RuntimeSettings, TrainSettings
from darkhar_cli.splits.plan import Fold
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.trainer import Trainer

TRAIN = TrainSettings(epochs=3, learning_rate=0.01, early_stopping=False, precision="float32")
FROZEN = ("mobilenet", {"alpha": 0.25, "weights": "none", "size": 32})
HEAD = ("lstm", {"units": 8, "dense": [8]})


def lively_mobilenet(place):
    """Return FROZEN with weights, written to a folder, whose features differ from clip to clip.

    Without statistics for its normalisations, random weights make features of 1e-18.
    """
    keras.utils.set_random_seed(3)
    network = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg")
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # the last batch's statistics
    network(np.random.default_rng(0).uniform(-1, -0.5, (32, 32, 32, 3)).astype(np.float32), training=True)
    path = place / "mobilenet.weights.h5"
    network.save_weights(path)
    return FROZEN[0], FROZEN[1] | {"weights": str(path)}


def train_settings(**changes):
    """Return TRAIN with some settings changed."""
    return replace(TRAIN, **changes)


def session_of(trainer, rows, inner=()):
    """Return the session of a fold that is trained on some rows, and scores none."""
    return FoldSession(trainer, Fold(0, list(rows), []), inner=inner)


def trainer_maker(place, clips, lively):
    """Return what makes trainers, each with an empty bank in a folder."""
    made = []

    def make(sampler="random", extractor=lively, enhance="histeq", classifier=HEAD, on=None, **train):
        made.append(None)
        parts = StreamParts((sampler, {"frames": 4}), [(enhance, {})], extractor, classifier)
        setting = Setting(3, replace(TRAIN, **train), RuntimeSettings(), place / f"bank{len(made)}")
        experiment = Experiment({"": parts}, setting)
        return Trainer(experiment, clips if on is None else on)

    return make
