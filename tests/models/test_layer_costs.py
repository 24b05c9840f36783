"""What layers cost, against counts by hand; a multiplication and an addition are two operations."""

import keras
import numpy as np
import pytest
from keras import layers

from darkhar_cli import registry
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.models.layer_costs import cost_of


def of_layer(layer, shape, **sizes):
    """Return what a model of one layer costs."""
    given = keras.Input(shape)
    return cost_of(keras.Model(given, layer(given)), sizes)


@pytest.mark.parametrize(
    ("layer", "shape", "operations", "parameters", "output"),
    [
        (layers.Dense(3), (5,), 2 * 5 * 3, 5 * 3 + 3, (3,)),
        (layers.Dense(3), (7, 5), 7 * 2 * 5 * 3, 5 * 3 + 3, (7, 3)),
        # an output place of a convolution: its kernel over all channels
        (layers.Conv2D(4, 3, padding="same"), (10, 12, 2), 10 * 12 * 4 * 2 * 3 * 3 * 2, 3 * 3 * 2 * 4 + 4, (10, 12, 4)),
        (layers.Conv2D(4, 3, strides=2), (11, 13, 2), 5 * 6 * 4 * 2 * 3 * 3 * 2, 76, (5, 6, 4)),
        (layers.Conv2D(4, 3, groups=2, use_bias=False), (5, 5, 6), 3 * 3 * 4 * 2 * 3 * 3 * 3, 108, (3, 3, 4)),
        # transposed: each place of the input is spread by the whole kernel
        (layers.Conv2DTranspose(4, 3, strides=2), (5, 6, 2), 5 * 6 * 2 * 2 * 3 * 3 * 4, 76, (11, 13, 4)),
        (layers.DepthwiseConv2D(3, padding="same"), (8, 8, 6), 8 * 8 * 6 * 2 * 3 * 3, 3 * 3 * 6 + 6, (8, 8, 6)),
        (
            layers.SeparableConv2D(5, 3, padding="same", use_bias=False),
            (8, 8, 6),
            8 * 8 * 6 * 2 * 9 + 8 * 8 * 2 * 6 * 5,
            3 * 3 * 6 + 6 * 5,
            (8, 8, 5),
        ),
        (layers.Conv1D(4, 5, dilation_rate=2, padding="same"), (9, 3), 9 * 4 * 2 * 5 * 3, 5 * 3 * 4 + 4, (9, 4)),
        # four gates, each from the step's features and from the state, at every step
        (layers.LSTM(6), (9, 5), 9 * 4 * 2 * (5 * 6 + 6 * 6), 4 * (5 * 6 + 6 * 6 + 6), (6,)),
        (layers.LSTM(6, return_sequences=True), (9, 5), 9 * 4 * 2 * (5 * 6 + 6 * 6), 288, (9, 6)),
        (layers.GRU(6), (9, 5), 9 * 3 * 2 * (5 * 6 + 6 * 6), 3 * (5 * 6 + 6 * 6 + 2 * 6), (6,)),
        (layers.Bidirectional(layers.LSTM(6)), (9, 5), 2 * 9 * 4 * 2 * (5 * 6 + 6 * 6), 576, (12,)),
        (layers.BatchNormalization(), (4, 4, 3), 0, 12, (4, 4, 3)),
        (layers.ReLU(), (4,), 0, 0, (4,)),
    ],
)
def test_a_layer_costs_what_a_count_by_hand_says(layer, shape, operations, parameters, output):
    found = of_layer(layer, shape)
    assert (found.operations, found.parameters, found.shape) == (operations, parameters, output)
    assert found.layers[0].kind == type(layer).__name__


def test_attention_costs_its_projections_and_all_pairs_of_steps():
    queries, keys = keras.Input((7, 5)), keras.Input((4, 6))
    made = layers.MultiHeadAttention(2, 3, value_dim=8)(queries, keys)
    of_queries, of_keys = 7 * 2 * 5 * 2 * 3, 4 * 2 * 6 * 2 * 3
    of_values, back = 4 * 2 * 6 * 2 * 8, 7 * 2 * 2 * 8 * 5
    pairs = 2 * (7 * 4 * 2 * 3 + 7 * 4 * 2 * 8)  # two heads: scores of all pairs, and their means of values
    found = cost_of(keras.Model([queries, keys], made), {})
    assert found.operations == of_queries + of_keys + of_values + back + pairs


def test_a_published_network_costs_what_its_paper_says():
    """MobileNet v1: 569 million multiplications and additions with its last layer (Howard et al. 2017, table 4)."""
    network = keras.applications.MobileNet(weights=None)
    found = cost_of(network, {})
    assert found.operations / 2 == pytest.approx(569e6, rel=0.002)
    assert found.parameters == network.count_params() == 4_253_864
    assert found.trainable == 4_231_976


def test_open_axes_have_the_size_they_are_given():
    frames = keras.Input((None, None, 3))
    inner = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 3, padding="same")])
    model = keras.Model(frames, layers.GlobalAveragePooling2D()(inner(layers.Rescaling(0.5)(frames))))
    found = cost_of(model, {"h": 10, "w": 20})
    assert found.operations == 10 * 20 * 2 * 2 * 3 * 3 * 3
    assert [layer.shape for layer in found.layers] == [(10, 20, 3), (10, 20, 2), (2,)]
    assert cost_of(model, {}).operations is None


def test_a_classifier_is_counted_with_its_steps():
    built = registry.get("classifier", "lstm")(Timeline(64), 6, units=8, dense=[4])
    found = cost_of(built, {"T": 16})
    assert found.operations == 16 * 4 * 2 * (64 * 8 + 8 * 8) + 2 * 8 * 4 + 2 * 4 * 6
    assert found.shape == (6,)


def test_a_layer_of_our_own_has_its_matrices_counted_once_a_step():
    built = registry.get("classifier", "attention")(Timeline(20), 3, hidden=7)
    found = cost_of(built, {"T": 5})
    assert found.operations == 5 * 2 * (20 * 7 + 7) + 2 * 20 * 3


def test_nothing_is_traced_into_the_model_and_its_states_are_no_parameters():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2)(layers.Dropout(0.5)(inputs)))
    before = len(model.layers[1]._inbound_nodes)
    found = cost_of(model, {})
    assert (found.parameters, found.trainable) == (10, 10)
    assert len(model.layers[1]._inbound_nodes) == before


def test_a_model_without_layers_in_a_graph_is_not_counted():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(3)

        def call(self, x):
            return self.inner(x)

    model = Own()
    model(np.zeros((1, 4), np.float32))
    found = cost_of(model, {})
    assert (found.operations, found.parameters, found.layers) == (None, 15, ())


def test_outputs_and_the_largest_of_them_are_counted_through_nested_models():
    inner = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 1), layers.Flatten()])
    frames = keras.Input((4, 4, 1))
    found = cost_of(keras.Model(frames, layers.Dense(3)(inner(frames))), {})
    assert (found.values, found.largest) == (32 + 32 + 3, 32)
