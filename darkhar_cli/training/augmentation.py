"""How training clips are augmented: outcomes drawn for each clip and epoch, or all of them listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from darkhar_cli import registry
from darkhar_cli.augment.contract import Augmentation, Draw, Reversals
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.models.action_model import Part
from darkhar_cli.names import reversed_names


@dataclass(frozen=True)
class SampledAugmentation:
    """How one clip is augmented: its label then, each augmentation's outcome, how it is darkened, whose draws."""

    label: int
    outcomes: tuple[int, ...]
    darkening: Darkening | None
    epoch: int


class Augmentations:
    """A list of augmentations, in order.

    Args:
        parts: (name, parameters) of each.
        reversals: what classes show backwards.
        seed: of all draws.
    """

    def __init__(self, parts: Sequence[Part], reversals: Reversals | None, seed: int):
        self.names = [name for name, _ in parts]
        self.steps: list[Augmentation] = [registry.get("augment", name)(**values) for name, values in parts]
        self.reversals, self.seed = reversals, seed

    def needs_frames(self, extractor: Extractor) -> str:
        """Return why features of an extractor will not do, empty where they will.

        Raises:
            BadRequest: an augmentation of feature timelines, and an extractor that learns; or one that nothing can do.
        """
        reasons = []
        for name, step in zip(self.names, self.steps, strict=True):
            lost = extractor.scope in step.needs_symmetry and extractor.symmetry is None
            if step.scope == "timeline" and extractor.trainable:
                raise BadRequest(
                    f"augment={name} changes features, but extractor {extractor.name!r} learns from frames"
                )
            if lost and extractor.backend == "host":
                raise BadRequest(
                    f"augment={name}: nothing says what becomes of the features of extractor {extractor.name!r} then"
                )
            if step.scope == "frames":
                reasons.append(f"augment={name} changes frames")
            elif lost:
                reasons.append(f"augment={name} changes frames, as {extractor.name} has no channels with a symmetry")
        return reasons[0] if reasons else ""

    def refuse_unseen(self, mode: str, why: str) -> None:
        """Refuse augmentations that would do nothing in a mode (`end_to_end` or `features`), given why it was chosen.

        Raises:
            BadRequest: an augmentation of feature timelines, and frames are trained on.
        """
        for name, step in zip(self.names, self.steps, strict=True):
            if step.scope == "timeline" and mode == "end_to_end":
                raise BadRequest(f"augment={name} changes features, but training is end to end, on frames ({why})")

    def darkenings(self) -> list[Darkening | None]:
        """Return every way in which a clip may be darkened."""
        ways = [step.darkening(i) for step in self.steps for i in range(max(1, step.outcomes))]
        return list(dict.fromkeys([None, *ways]))

    def drawn(self, clip: str, label: int, epoch: int) -> SampledAugmentation:
        """Return how a clip (content hash) of a class is augmented in an epoch."""
        draws = [self._draw(i, clip, epoch) for i in range(len(self.steps))]
        outcomes = [step.choose(draw) for step, draw in zip(self.steps, draws, strict=True)]
        for i, step in enumerate(self.steps):
            shown = step.label(label, outcomes[i], self.reversals)
            outcomes[i], label = (0, label) if shown is None else (outcomes[i], shown)
        return SampledAugmentation(label, tuple(outcomes), self._darkening(outcomes), epoch)

    def listed(self, label: int) -> list[SampledAugmentation]:
        """Return every way a clip of a class may be augmented; what cannot be counted, as epoch 0 draws it."""
        listed = []
        for outcomes in product(*(range(max(1, step.outcomes)) for step in self.steps)):
            shown: int | None = label
            for step, outcome in zip(self.steps, outcomes, strict=True):
                shown = None if shown is None else step.label(shown, outcome, self.reversals)
            if shown is not None:
                listed.append(SampledAugmentation(shown, outcomes, self._darkening(outcomes), 0))
        return listed

    def backwards(self, sampled: SampledAugmentation) -> bool:
        """Return whether time runs backwards in a clip that is augmented so."""
        return sum(step.backwards(outcome) for step, outcome in zip(self.steps, sampled.outcomes, strict=True)) % 2 == 1

    def apply(
        self, sampled: SampledAugmentation, clip: str, seen: np.ndarray, extractor: Extractor, on_frames: bool
    ) -> np.ndarray:
        """Return what is seen of a clip (content hash), features (T, F) or frames (T, h, w, 3), augmented so."""
        for i, (step, outcome) in enumerate(zip(self.steps, sampled.outcomes, strict=True)):
            draw = self._draw(i, clip, sampled.epoch)
            if on_frames:
                seen = step.frames(seen, outcome, draw)
            else:
                seen = step.timeline(seen, extractor.symmetry, outcome, draw)
        return seen

    def _draw(self, number: int, clip: str, epoch: int) -> Draw:
        return Draw(self.seed, epoch, f"augment/{self.names[number]}/{clip}")

    def _darkening(self, outcomes: Sequence[int]) -> Darkening | None:
        ways = (step.darkening(outcome) for step, outcome in zip(self.steps, outcomes, strict=True))
        return next((way for way in ways if way is not None), None)


def reversals_of(named: Mapping[str, Any] | None, classes: Sequence[str]) -> Reversals | None:
    """Return what each class shows backwards, by index, as `dataset.reverse` says it by name.

    Raises:
        BadRequest: a name that is no class.
    """
    if named is None:
        return None
    whole = reversed_names(named, classes)
    return {classes.index(a): None if b is None else classes.index(b) for a, b in whole.items()}
