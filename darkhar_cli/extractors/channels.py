"""Named features over time, and what a mirror and time running backwards make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Channel:
    """One named feature.

    Attributes:
        name: as classifiers address it.
        mirror: the channel that shows this one's values in a clip mirrored left to right (itself, if empty).
        mirror_sign, mirror_offset: mirrored value = sign * value + offset.
        reverse_sign: -1 for what changes its sign when time runs backwards, as velocities do.
        step: whether a value belongs to the step from the frame before to its own (the first frame repeats the second's
            value), and not of the frame itself. Backwards, a step leads to its other end.
    """

    name: str
    mirror: str = ""
    mirror_sign: float = 1.0
    mirror_offset: float = 0.0
    reverse_sign: float = 1.0
    step: bool = False


@dataclass(frozen=True)
class Symmetry:
    """How the channels of a timeline change in a mirror and in time reversal.

    Attributes:
        channels: all F of them, in the order of the features.
    """

    channels: tuple[Channel, ...]

    @classmethod
    def of(cls, channels: Sequence[Channel]) -> "Symmetry":
        """Return the symmetry of channels.

        Raises:
            ValueError: a name appears twice, or a channel mirrors one that is not there.
        """
        names = [channel.name for channel in channels]
        lost = {channel.mirror for channel in channels} - {*names, ""}
        if lost or len(set(names)) < len(names):
            raise ValueError(f"channels named twice, or mirrored by unknown ones: {sorted(lost) or names}")
        return cls(tuple(channels))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the channels' names."""
        return tuple(channel.name for channel in self.channels)

    @cached_property
    def _mirror(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        index = {channel.name: i for i, channel in enumerate(self.channels)}
        source = np.array([index[channel.mirror or channel.name] for channel in self.channels])
        sign = np.array([channel.mirror_sign for channel in self.channels], np.float32)
        return source, sign, np.array([channel.mirror_offset for channel in self.channels], np.float32)

    def stack(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return channels by name, each (T,), as features (T, F) float32."""
        return np.stack([values[name] for name in self.names], axis=-1).astype(np.float32)

    def mirrored(self, features: np.ndarray) -> np.ndarray:
        """Return features (..., F) as a clip mirrored left to right would have them."""
        source, sign, offset = self._mirror
        return features[..., source] * sign + offset

    def reversed(self, features: np.ndarray) -> np.ndarray:
        """Return features (T, F) of all frames of a clip as the clip played backwards would have them."""
        return self.turned_back(self.steps_away(features, np.concatenate([features[1:], features[-1:]])))

    def steps_away(self, features: np.ndarray, following: np.ndarray) -> np.ndarray:
        """Return features (T, F) whose step channels hold the step that leads away from a frame, not to it.

        Args:
            features: at some frames of a clip, or between them.
            following: (T, F) one frame later each; after the clip's last frame its own.
        """
        return np.where(self._steps, following, features)

    def turned_back(self, features: np.ndarray) -> np.ndarray:
        """Return features (T, F) whose steps lead away, at any frames, as the clip played backwards has them there."""
        return features[::-1] * np.array([channel.reverse_sign for channel in self.channels], np.float32)

    @property
    def has_steps(self) -> bool:
        """Return whether any channel holds steps between frames."""
        return bool(self._steps.any())

    @cached_property
    def _steps(self) -> np.ndarray:
        return np.array([channel.step for channel in self.channels])
