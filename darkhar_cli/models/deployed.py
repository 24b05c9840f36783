"""Models for use: all folds' classifiers averaged, from uint8 frames or from features to probabilities.

They hold no sampling key, no ragged batch and no loop over clips, so that other formats can express them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from darkhar_cli import registry
from darkhar_cli.models.action_model import blank_padding
from darkhar_cli.models.layers import EnhanceFrames, PerFrame, ResizeFrames
from darkhar_cli.samplers.contract import nearest

Heads = Sequence[Sequence[Any]]  # each fold's classifiers, one for each branch


@keras.saving.register_keras_serializable("darkhar")
class PickFrames(keras.layers.Layer):
    """Pick frames of clips of one length: (B, n, H, W, 3) -> (B V, T, H, W, 3) and mask (B V, T) bool.

    Args:
        sampler: registered name, of one whose picks in scoring follow from the clip's length alone.
        parameters: the sampler's parameters.
        picked: whether frames come picked already, (V, T, H, W, 3) of one clip: they are passed on.
    """

    def __init__(self, sampler: str, parameters: dict[str, Any], picked: bool = False, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32", "autocast": False}))
        self.sampler, self.parameters, self.picked = sampler, parameters, picked
        self._pick = registry.get("sampler", sampler)(**parameters)
        self.views, self.steps = self._pick.views(training=False), self._pick.frames  # None: T follows from the clip

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name, "sampler": self.sampler, "parameters": self.parameters, "picked": self.picked}

    def call(self, clips: Any) -> tuple[Any, Any]:
        """Return the frames and their mask."""
        shape = ops.shape(clips)
        if self.picked:
            return clips, ops.ones(shape[:2], dtype="bool")
        positions, _ = self._pick(shape[1], None, training=False, key=0, xp=ops)
        index = ops.reshape(nearest(ops, positions), (self.views * self.steps,))
        frames = ops.reshape(ops.take(clips, index, axis=1), (-1, self.steps, *shape[2:]))
        return frames, ops.ones((shape[0] * self.views, self.steps), dtype="bool")


@keras.saving.register_keras_serializable("darkhar")
class FoldAverage(keras.layers.Layer):
    """Classifiers of several folds: features of each branch -> probabilities (B, K) float32, the mean over folds.

    Args:
        heads: each fold's classifiers, one for each branch, features and mask -> logits.
        views: of each clip, in neighbouring rows; 0: all rows are views of one clip.
        temperature: that logits are divided by.
    """

    def __init__(self, heads: Heads, views: int = 1, temperature: float = 1.0, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32", "autocast": False}))
        self.flat = [head for fold in heads for head in fold]  # Keras does not save lists in lists
        self.branches, self.views, self.temperature = len(heads[0]), views, temperature

    @property
    def heads(self) -> list[list[Any]]:
        """Return each fold's classifiers."""
        return _split(self.flat, [self.branches] * (len(self.flat) // self.branches))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        heads = [[keras.saving.serialize_keras_object(head) for head in fold] for fold in self.heads]
        return {"name": self.name, "heads": heads, "views": self.views, "temperature": self.temperature}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FoldAverage":
        """Rebuild the classifiers."""
        heads = [[keras.saving.deserialize_keras_object(head) for head in fold] for fold in config.pop("heads")]
        return cls(heads, **config)

    def build(self, *_: Any) -> None:
        """Build nothing: the classifiers are built."""
        self.built = True

    def call(self, shown: Sequence[Sequence[Sequence[Any]]]) -> Any:
        """Return the probabilities.

        Args:
            shown: each way of showing the clips (as they are, mirrored): for each fold the features (B V, T, F) and
                mask (B V, T) of each branch, in turn.
        """
        found, folds = 0.0, self.heads
        for number, heads in enumerate(folds):
            seen = [self._log_probabilities(heads, way[number]) for way in shown]
            logits = sum(seen) / len(seen)
            found = found + ops.softmax(logits / self.temperature)
        return found / len(folds)

    def _log_probabilities(self, heads: Sequence[Any], inputs: Sequence[Any]) -> Any:
        """Return the mean log-probabilities (B, K) over branches and views."""
        of_branches = [
            ops.log_softmax(ops.cast(head([*inputs[2 * i : 2 * i + 2]], training=False), "float32"))
            for i, head in enumerate(heads)
        ]
        mean = sum(of_branches) / len(of_branches)
        if self.views == 1:
            return mean
        if not self.views:
            return ops.mean(mean, axis=0, keepdims=True)
        return ops.mean(ops.reshape(mean, (-1, self.views, mean.shape[-1])), axis=1)


@keras.saving.register_keras_serializable("darkhar")
class FramesModel(keras.Model):
    """Clips of one length and size (B, n, H, W, 3) uint8 -> probabilities (B, K) float32.

    Where frames come picked already, each stream's own (V, T, H, W, 3) of one clip -> (1, K).

    Args:
        streams: what each does with frames: `PickFrames`, `EnhanceFrames`, `ResizeFrames`, then the `PerFrame` of every
            fold, or one that all share.
        fed: the streams that each branch's classifier is fed from, features side by side.
        in_time: they stand one after another in time instead.
        average: the classifiers.
        mirrored: whether each clip is shown mirrored too.
    """

    def __init__(
        self,
        streams: Sequence[Sequence[Any]],
        fed: Sequence[Sequence[int]],
        average: FoldAverage,
        mirrored: bool = False,
        in_time: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.flat = [layer for stream in streams for layer in stream]  # Keras does not save lists in lists
        self._lengths, self.fed = [len(stream) for stream in streams], [list(one) for one in fed]
        self.average, self.mirrored, self.in_time = average, mirrored, in_time
        self.built = True  # every part is

    @property
    def streams(self) -> list[list[Any]]:
        """Return the layers of each stream."""
        return _split(self.flat, self._lengths)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        streams = [[keras.saving.serialize_keras_object(layer) for layer in stream] for stream in self.streams]
        average = keras.saving.serialize_keras_object(self.average)
        known = {"name": self.name, "fed": self.fed, "mirrored": self.mirrored, "in_time": self.in_time}
        return {**known, "streams": streams, "average": average}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FramesModel":
        """Rebuild the parts."""
        load = keras.saving.deserialize_keras_object
        streams = [[load(layer) for layer in stream] for stream in config.pop("streams")]
        return cls(streams, average=load(config.pop("average")), **config)

    def call(self, frames: Any, training: bool = False) -> Any:
        """Return the probabilities."""
        clips = frames if isinstance(frames, list | tuple) else [frames] * len(self.streams)
        seen = [self._frames(stream, given) for stream, given in zip(self.streams, clips, strict=True)]
        ways = [seen]
        if self.mirrored:
            ways.append([(frames[:, :, :, ::-1], mask) for frames, mask in seen])
        return self.average([self._features(way) for way in ways])

    @staticmethod
    def _frames(stream: Sequence[Any], clips: Any) -> tuple[Any, Any]:
        pick, enhance, resize, *_ = stream
        frames, mask = pick(clips)
        return resize(enhance(frames)), mask

    @staticmethod
    def _of_known_length(features: Any, pick: Any, eye: Any) -> Any:
        """Return features (B, T, F) whose T a graph knows where it is one for all clips, as unrolled layers need."""
        if not isinstance(pick.steps, int):
            return features
        return ops.reshape(features, (-1, pick.steps, eye.extractor.output_shape[-1]))

    def _features(self, seen: Sequence[tuple[Any, Any]]) -> list[list[Any]]:
        """Return for each fold the features and mask of each branch, in turn."""
        of_streams = [
            [blank_padding(self._of_known_length(eye(frames), stream[0], eye), mask) for eye in stream[3:]]
            for (frames, mask), stream in zip(seen, self.streams, strict=True)
        ]
        masks = [mask for _, mask in seen]
        found = []
        for fold in range(len(self.average.heads)):
            inputs = []
            for fed in self.fed:
                parts = [of_streams[at][min(fold, len(of_streams[at]) - 1)] for at in fed]
                inputs.append(_joined(parts, 1 if self.in_time else -1))
                inputs.append(_joined([masks[at] for at in fed], 1) if self.in_time else masks[fed[0]])
            found.append(inputs)
        return found


def _joined(parts: Sequence[Any], axis: int) -> Any:
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=axis)


def _split(flat: Sequence[Any], lengths: Sequence[int]) -> list[list[Any]]:
    left = iter(flat)
    return [[next(left) for _ in range(length)] for length in lengths]


def frames_stream(
    sampler: tuple[str, Mapping[str, Any]], enhance: Sequence[Any], size: Any, eyes: Sequence[Any], picked: bool
) -> list[Any]:
    """Return the layers of one stream of a `FramesModel`; `eyes` are extractors' Keras models."""
    layers = [PickFrames(sampler[0], dict(sampler[1]), picked), EnhanceFrames(enhance), ResizeFrames(size)]
    return [*layers, *(PerFrame(eye) for eye in eyes)]


@keras.saving.register_keras_serializable("darkhar")
class FeaturesModel(keras.Model):
    """Features of one clip -> probabilities (1, K) float32: for each branch (V, T, F) float32 and mask (V, T) bool.

    Args:
        average: the classifiers.
        mirrors: of each branch, what its features are in a mirror: the channel that each comes from, its sign and
            offset; empty where clips are not shown mirrored.
    """

    def __init__(self, average: FoldAverage, mirrors: Sequence[Sequence[Sequence[float]]] = (), **kwargs: Any):
        super().__init__(**kwargs)
        self.average, self.mirrors = average, [[list(part) for part in mirror] for mirror in mirrors]
        self.built = True  # every part is

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        average = keras.saving.serialize_keras_object(self.average)
        return {"name": self.name, "average": average, "mirrors": self.mirrors}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FeaturesModel":
        """Rebuild the classifiers."""
        return cls(keras.saving.deserialize_keras_object(config.pop("average")), **config)

    def call(self, inputs: Sequence[Any], training: bool = False) -> Any:
        """Return the probabilities."""
        ways = [list(inputs)]
        if self.mirrors:
            ways.append([x for i in range(len(self.mirrors)) for x in self._mirror_image(i, inputs)])
        return self.average([[way] * len(self.average.heads) for way in ways])

    def _mirror_image(self, branch: int, inputs: Sequence[Any]) -> list[Any]:
        features, mask = inputs[2 * branch : 2 * branch + 2]
        source, sign, offset = self.mirrors[branch]
        turned = ops.take(features, [int(one) for one in source], axis=-1)
        return [turned * ops.convert_to_tensor(sign, "float32") + ops.convert_to_tensor(offset, "float32"), mask]
