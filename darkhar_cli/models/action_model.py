"""Four parts chained into one Keras model: uint8 frames of whole clips -> float32 logits."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from darkhar_cli import registry
from darkhar_cli.classifiers.contract import Classifier, Timeline
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor, ExtractorBuilder
from darkhar_cli.models.layers import EnhanceFrames, PerFrame, ResizeFrames, SampleFrames

Part = tuple[str, Mapping[str, Any]]


@keras.saving.register_keras_serializable("darkhar")
class ActionModel(keras.Model):
    """The end-to-end model: sample, enhance at native size, resize once, extract, classify.

    Takes clips (B, n, H, W, 3) uint8, dense, or ragged where clips differ in length or size, and optionally their
    sampling keys (B,) uint32 and frames per second (B,) float32; gives logits (B, K) float32. Where the sampler has
    several views of a clip, all are scored and their log-probabilities averaged.

    Args:
        sampler: the layer that picks frames.
        enhance: the layer that lights them.
        resize: the layer that sizes them.
        per_frame: the layer that extracts their features.
        classifier: Keras model, features and mask -> logits.
    """

    def __init__(
        self,
        sampler: SampleFrames,
        enhance: EnhanceFrames,
        resize: ResizeFrames,
        per_frame: PerFrame,
        classifier: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.sampler, self.enhance, self.resize = sampler, enhance, resize
        self.per_frame, self.classifier = per_frame, classifier
        self.built = True  # every part is

    _PARTS = ("sampler", "enhance", "resize", "per_frame", "classifier")

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        parts = {part: keras.saving.serialize_keras_object(getattr(self, part)) for part in self._PARTS}
        return {"name": self.name, **parts}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ActionModel":
        """Rebuild the model from its parts."""
        parts = {part: keras.saving.deserialize_keras_object(config.pop(part)) for part in cls._PARTS}
        return cls(**parts, **config)

    def frames(self, clips: Any, keys: Any = None, fps: Any = None) -> tuple[Any, Any]:
        """Return the frames the extractor sees, (B V, T, h, w, 3) float32, and their mask (B V, T)."""
        if not isinstance(clips, tf.RaggedTensor):
            frames, mask = self.sampler(clips, keys, fps)
            return self.resize(self.enhance(frames)), mask

        def lit(frames: Any) -> Any:  # each clip at its own size, before any padding
            return self.resize(self.enhance(frames))

        return self.sampler.each(clips, keys, fps, lit, self.resize.size or (None, None), tf.float32)

    def features(self, clips: Any, keys: Any = None, fps: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the features (B V, T, F), zero where padded, and the mask (B V, T): the model up to the extractor.

        Rows b V to b V + V - 1 are the sampler's V views of clip b.
        """
        frames, mask = self.frames(clips, keys, fps)
        return blank_padding(self.per_frame(frames, training=training), mask), mask

    def call(self, clips: Any, keys: Any = None, fps: Any = None, training: bool = False) -> Any:
        """Return logits (B, K) float32: of several views the mean of their log-probabilities."""
        logits = self.classifier([*self.features(clips, keys, fps, training)], training=training)
        views = self.sampler.views
        if views == 1:
            return logits
        return ops.mean(ops.reshape(ops.log_softmax(logits), (-1, views, logits.shape[-1])), axis=1)


def blank_padding(features: Any, mask: Any) -> Any:
    """Return features (B, T, F) with zeros where the mask (B, T) is false, as every classifier is promised."""
    return ops.where(mask[..., None], features, ops.zeros_like(features))


def chain_of(enhance: Mapping[str, Mapping[str, Any] | None]) -> list[Part]:
    """Return the `enhance` node of a configuration as (name, parameters), in order."""
    return [(name, dict(parameters or {})) for name, parameters in enhance.items()]


def part_of(node: Mapping[str, Any]) -> Part:
    """Return any other part's node of a configuration as (name, parameters)."""
    return node["name"], {key: value for key, value in node.items() if key != "name"}


def build_extractor(part: Part) -> Extractor:
    """Return a part's extractor, with its weights."""
    builder: ExtractorBuilder = registry.get("extractor", part[0])
    return builder(**part[1])


def build_classifier(part: Part, timeline: Timeline, n_classes: int) -> Any:
    """Return a fresh classifier: features (B, T, F) and mask (B, T) -> logits (B, K) float32."""
    builder: Classifier = registry.get("classifier", part[0])
    return builder(timeline, n_classes, **part[1])


def assemble(
    sampler: Part, enhance: Sequence[Part], extractor: Extractor, classifier: Any, seed: int = 0
) -> ActionModel:
    """Chain built parts into one model.

    Raises:
        BadRequest: the extractor runs on the host, so there is no Keras model from frames to logits.
    """
    if extractor.backend != "keras":
        raise BadRequest(
            f"extractor {extractor.name!r} runs on the host and has no Keras layer: its classifier is trained and "
            "saved alone, on features"
        )
    return ActionModel(
        SampleFrames(sampler[0], dict(sampler[1]), seed=seed),
        EnhanceFrames(enhance),
        ResizeFrames(extractor.size),
        PerFrame(extractor.model),
        classifier,
    )


def build_model(
    sampler: Part, enhance: Sequence[Part], extractor: Part, classifier: Part, n_classes: int, seed: int = 0
) -> ActionModel:
    """Build the whole model of an experiment from registered names and parameters.

    Args:
        sampler, extractor, classifier: (name, parameters).
        enhance: (name, parameters) of each enhancement, in order.
        n_classes: K.
        seed: the run's seed, for samplers that draw.

    Raises:
        BadRequest: an unknown part, weights that do not fit, or an extractor without a Keras backend.
    """
    eye = build_extractor(extractor)
    timeline = Timeline(eye.features, eye.channels)
    return assemble(sampler, enhance, eye, build_classifier(classifier, timeline, n_classes), seed)


def frame_model(per_frame: PerFrame, classifier: Any, size: tuple[int, int] | None) -> Any:
    """Return the part of the model that learns: frames (B, T, h, w, 3) float32 and mask (B, T) -> logits (B, K)."""
    frames = keras.Input((None, *(size or (None, None)), 3), name="frames")
    mask = keras.Input((None,), dtype="bool", name="mask")
    return keras.Model([frames, mask], classifier([blank_padding(per_frame(frames), mask), mask]))
