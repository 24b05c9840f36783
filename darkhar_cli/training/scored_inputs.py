"""What models are shown of clips in scoring: every view, and its mirror image where that is asked for."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.models.fusion import mean_log_probability
from darkhar_cli.randomness import SCORING
from darkhar_cli.training.branches import Branch
from darkhar_cli.training.compiled_model import CompiledModel
from darkhar_cli.training.stream import Stream

_AT_A_TIME = 32  # clips
_KEEP_BYTES = 1 << 28  # features of a fold's training clips kept in memory, as they are measured after each epoch


class ScoredInputs:
    """The inputs of all branches in scoring; features may be kept in memory.

    Args:
        branches: of the model.
        features: whether they are fed features, not frames.
        mirrored: whether each view is shown mirrored too.
    """

    def __init__(self, branches: Sequence[Branch], features: bool, mirrored: bool):
        self._branches, self._features, self._mirrored = branches, features, mirrored
        self._kept: dict[Any, list[np.ndarray]] = {}

    def logits(
        self, model: CompiledModel, rows: Sequence[int], darkening: Corruption | None = None, keep: bool = False
    ) -> np.ndarray:
        """Return a model's logits (N, K) float32 of rows: the mean log-probability where there are several views.

        With `keep` features stay in memory for this object's time, as far as there is room.
        """
        parts = []
        for start in range(0, len(rows), _AT_A_TIME):
            inputs = self.views(rows[start : start + _AT_A_TIME], darkening, keep)
            parts.append(mean_log_probability([model.logits(view) for view in inputs]))
        return np.concatenate(parts)

    def views(self, rows: Sequence[int], darkening: Corruption | None, keep: bool) -> Iterator[list[np.ndarray]]:
        """Yield the inputs (an array and a mask for each branch) of each view of rows, kept as far as there is room."""
        for view in range(max(branch.views() for branch in self._branches)):
            for mirrored in (False, True) if self._mirrored else (False,):
                key = (tuple(rows), view, mirrored, darkening)
                inputs = self._kept.get(key) or [
                    array for branch in self._branches for array in self._load(branch, rows, view, mirrored, darkening)
                ]
                if keep:
                    self._keep(key, inputs)
                yield inputs

    def _keep(self, key: Any, inputs: list[np.ndarray]) -> None:
        if self._features and key not in self._kept:
            held = sum(array.nbytes for kept in (*self._kept.values(), inputs) for array in kept)
            if held <= _KEEP_BYTES:
                self._kept[key] = inputs

    def _load(
        self, branch: Branch, rows: Sequence[int], view: int, mirrored: bool, darkening: Corruption | None
    ) -> list[np.ndarray]:
        loaded = branch.load(rows, SCORING, view, [darkening] * len(rows))
        if mirrored:
            loaded = [self._mirror_image(*both) for both in zip(branch.streams, loaded, strict=True)]
        return branch.batch(loaded)

    def _mirror_image(self, stream: Stream, loaded: Sequence[np.ndarray]) -> list[np.ndarray]:
        if not self._features:
            return [frames[:, :, ::-1] for frames in loaded]
        symmetry = stream.extractor.symmetry
        assert symmetry is not None, "asked for only where every extractor has one"
        return [symmetry.mirrored(features) for features in loaded]
