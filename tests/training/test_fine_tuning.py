"""Fine-tuning: the last layers learn, more slowly than the classifier, and after it."""

import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.errors import BadRequest
from darkhar_cli.training.fine_tuning import share_of
from tests.helpers.trainers import FROZEN, session_of, trainer_maker

SMALL = {"weights": "none", "size": 32, "alpha": 0.25}
SMALLEST = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})
TUNED = (FROZEN[0], {**FROZEN[1], "trainable": True, "unfreeze": 3})


@pytest.fixture
def trained(tmp_path, clips):
    maker = trainer_maker(tmp_path, clips, TUNED)

    def train(extractor, epochs=1, **settings):
        """Return the weights of extractor and classifier before the first and after each epoch, and the extractor."""
        made = maker(enhance="none", classifier=("linear", {}), extractor=extractor, **settings)
        session = session_of(made, clips.rows("train"))
        network, (head,) = made.streams[0].extractor.model, session.model.heads()
        weights = [(network.get_weights(), [v.numpy() for v in head.trainable_variables])]
        for epoch in range(epochs):
            session.train_epoch(epoch)
            weights.append((network.get_weights(), [v.numpy() for v in head.trainable_variables]))
        return *weights, network

    return train


def moved(first, last):
    return [b - a for a, b in zip(first, last, strict=True)]


@pytest.mark.parametrize(("optimizer", "accumulate"), [("adamw", 1), ("sgd", 2)])
def test_a_step_moves_the_extractor_by_its_share(trained, optimizer, accumulate):
    how = {"optimizer": optimizer, "batch_per_class": 50, "weight_decay": 0.1, "accumulate": accumulate}
    first, last, *_ = trained(SMALLEST, **how)
    again, slow, *_ = trained(SMALLEST, extractor_rate=0.25, **how)
    for one, other in zip(first[0], again[0], strict=True):
        np.testing.assert_array_equal(one, other)
    full, quarter = moved(first[0], last[0]), moved(first[0], slow[0])
    assert max(np.abs(way).max() for way in full) > 1e-4
    for way, short in zip(full, quarter, strict=True):
        np.testing.assert_allclose(short, way / 4, atol=2e-6)
    for one, other in zip(last[1], slow[1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_extractor_waits_until_the_classifier_has_learnt(trained):
    whole = (TUNED[0], {**TUNED[1], "unfreeze": "all"})  # its batch normalisation takes statistics, but not yet
    first, waited, learnt, _ = trained(whole, epochs=2, extractor_warm_up=1)
    for one, other in zip(first[0], waited[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(way.any() for way in moved(first[1], waited[1]))
    assert all(way.any() for way in moved(waited[0], learnt[0]))


def test_shares_of_epochs():
    assert [share_of(0.1, 2, epoch) for epoch in range(4)] == [0.0, 0.0, 0.1, 0.1]


def test_only_the_last_layers_learn():
    network = registry.get("extractor", "mobilenet")(trainable=True, unfreeze=2, **SMALL).model
    names = [weight.path for weight in network.trainable_weights]
    assert names == ["conv_dw_13/kernel", "conv_pw_13/kernel"]
    everything = registry.get("extractor", "mobilenet")(trainable=True, **SMALL).model
    assert len(everything.trainable_weights) > 50


def test_a_layer_that_does_not_learn_keeps_its_statistics(trained):
    first, last, network = trained(TUNED, learning_rate=1.0)  # what random layers pass on is faint
    went = [v.path for v, way in zip(network.weights, moved(first[0], last[0]), strict=True) if way.any()]
    assert went == ["conv_pw_12/kernel", "conv_dw_13/kernel", "conv_pw_13/kernel"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"unfreeze": 2}, "extractor.unfreeze=2 does nothing where nothing learns"),
        ({"unfreeze": 500, "trainable": True}, r"this network has 27 layers that can learn, or give all"),
    ],
)
def test_what_cannot_be_unfrozen_is_refused(parameters, message):
    with pytest.raises(BadRequest, match=message):
        registry.get("extractor", "mobilenet")(**SMALL, **parameters)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extractor_rate": 0.1, "extractor": ("luma", {})}, r"train\.extractor_rate=0\.1: no extractor learns"),
        ({"extractor_warm_up": 3, "extractor": SMALLEST}, r"would not learn in any of train\.epochs=3"),
    ],
)
def test_settings_that_would_do_nothing_are_refused(trained, settings, message):
    with pytest.raises(BadRequest, match=message):
        trained(**settings)
