"""Late fusion: several models of the same classes, each with its own inputs, and the mean of what they say."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

_BRANCH = "branch_"


@keras.saving.register_keras_serializable("darkhar")
class MeanLogProbability(layers.Layer):
    """Fuse logits, a list of (B, K) -> (B, K) float32: the mean of their log-probabilities, logits themselves."""

    def __init__(self, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32"}))

    def call(self, logits: Sequence[Any]) -> Any:
        """Return the fused logits."""
        return ops.mean(ops.stack([ops.log_softmax(ops.cast(one, "float32"), axis=-1) for one in logits]), axis=0)


def mean_log_probability(views: Sequence[np.ndarray]) -> np.ndarray:
    """Return what `MeanLogProbability` does with several views' logits, (V, N, K) -> (N, K) float32; one stays."""
    if len(views) == 1:
        return views[0]
    stacked = np.stack(views).astype(np.float64)
    stacked -= stacked.max(axis=-1, keepdims=True)
    stacked -= np.log(np.exp(stacked).sum(axis=-1, keepdims=True))
    return stacked.mean(axis=0).astype(np.float32)


def side_by_side(models: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return new inputs for all models, in order, and what each makes of its own; the models are named for it."""
    inputs, outputs = [], []
    for number, model in enumerate(models):
        model.name = f"{_BRANCH}{number}"
        own = [keras.Input(i.shape[1:], dtype=i.dtype, name=f"{i.name}_{number}") for i in model.inputs]
        outputs.append(model(own))
        inputs += own
    return inputs, outputs


def fuse(models: Sequence[Any]) -> Any:
    """Return one Keras model with all models' inputs, in order -> fused logits (B, K); a single model stays itself."""
    if len(models) == 1:
        return models[0]
    inputs, logits = side_by_side(models)
    return keras.Model(inputs, MeanLogProbability(name="fusion")(logits))


def branches(model: Any) -> list[Any]:
    """Return the models that were fused, in order; a model that is no fusion is its own only branch."""
    found = [layer for layer in model.layers if layer.name.startswith(_BRANCH) and isinstance(layer, keras.Model)]
    return sorted(found, key=lambda layer: int(layer.name.removeprefix(_BRANCH))) or [model]


@keras.saving.register_keras_serializable("darkhar")
class FusedModel(keras.Model):
    """Several end-to-end models fused late: takes what an `ActionModel` takes, gives fused logits (B, K) float32.

    Args:
        models: `ActionModel`s of the same classes.
    """

    def __init__(self, models: Sequence[Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.models = list(models)
        self.fusion = MeanLogProbability(name="fusion")
        self.built = True  # every part is

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name, "models": [keras.saving.serialize_keras_object(one) for one in self.models]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FusedModel":
        """Rebuild the models."""
        return cls([keras.saving.deserialize_keras_object(one) for one in config.pop("models")], **config)

    def call(self, clips: Any, keys: Any = None, fps: Any = None, training: bool = False) -> Any:
        """Return fused logits (B, K) float32."""
        return self.fusion([model(clips, keys=keys, fps=fps, training=training) for model in self.models])
