"""What tf2onnx does with reshapes, by its private table, which another version may not have."""

import numpy as np
import pytest
from keras import Model, ops

from darkhar_cli.export import onnx, tf2onnx_adapter
from darkhar_cli.export.contract import InputSpec

pytest.importorskip("tf2onnx", reason="tf2onnx is not installed")


class TwoReshapes(Model):
    """Frames as one list, then as clips, then as one list again: lengths that no graph knows."""

    def call(self, x):
        shape = ops.shape(x)
        x = ops.reshape(ops.cast(x, "float32"), (-1, *shape[2:])) * 2.0
        x = ops.reshape(x, shape)
        return ops.mean(ops.reshape(x, (-1, *shape[2:])), axis=(1, 2))


def test_a_reshape_that_copies_lengths_has_its_own_input(tmp_path):
    model = TwoReshapes()
    model.built = True
    onnx.write(model, (InputSpec("x", (None, None, None, None, 3), "uint8"),), tmp_path / "m.onnx")
    x = np.random.default_rng(0).integers(0, 255, (2, 5, 4, 7, 3), dtype=np.uint8)
    np.testing.assert_allclose(onnx.read(tmp_path / "m.onnx")([x]), ops.convert_to_numpy(model(x)), rtol=1e-5)


def test_the_table_is_as_it_was_afterwards():
    from tf2onnx.optimizer import back_to_back_optimizer as optimizer

    before = optimizer._func_map[("Reshape",)]
    with tf2onnx_adapter.both_reshapes_kept():
        assert optimizer._func_map[("Reshape",)] is not before
    assert optimizer._func_map[("Reshape",)] is before
