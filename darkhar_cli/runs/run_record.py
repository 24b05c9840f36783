"""What run.json keeps of a run, typed: one reader and one writer of it.

A key of an earlier version that is not there has its field's default, and is not written either. A key that no field
has, of a later version or of somebody else's, is kept as it is in `other` and written back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

from darkhar_cli import caveats
from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.names import several
from darkhar_cli.runs import stream_facts
from darkhar_cli.runs.stream_facts import StreamFacts

_OURS = ("other", "kept")


def _as_it_is(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _streams(kept: Sequence[Mapping[str, Any]]) -> tuple[StreamFacts, ...]:
    return tuple(stream_facts.read_streams({"streams": kept}))


@dataclass(frozen=True, kw_only=True)
class _Section:
    """A mapping of run.json.

    Attributes:
        other: what it holds beside the fields.
        kept: the fields that it holds; None for one that was made here: all.
    """

    other: Mapping[str, Any] = field(default_factory=dict)
    kept: frozenset[str] | None = None

    @classmethod
    def read(cls, node: Mapping[str, Any]) -> Self:
        """Return a section of what a file holds.

        Raises:
            KeyError, TypeError, ValueError: it holds what no version of this program wrote.
        """
        own = {one.name: one for one in fields(cls) if one.name not in _OURS}
        values = {name: one.metadata.get("read", _as_it_is)(node[name]) for name, one in own.items() if name in node}
        other = {key: value for key, value in node.items() if key not in own}
        return cls(**values, other=other, kept=frozenset(values))

    def stored(self) -> dict[str, Any]:
        """Return what a file holds of it."""
        names = [one.name for one in fields(self) if one.name not in _OURS]
        held = {name: _plain(getattr(self, name)) for name in names if self.kept is None or name in self.kept}
        return {**held, **self.other}


@dataclass(frozen=True, kw_only=True)
class DataRecord(_Section):
    """The data set: `skipped` and `damaged` count clips, `classes` stand in the order of logits."""

    name: str = ""
    fingerprint: str = ""
    skipped: int = 0
    damaged: int = 0
    synthetic: bool = False
    classes: tuple[str, ...] = ()

    def warnings(self) -> list[Caveat]:
        """Return the caveats on the clips themselves."""
        found = []
        if self.skipped:
            found.append(Caveat(Kind.SKIPPED, f"{several(self.skipped, 'broken clip')} left out"))
        if self.damaged:
            found.append(Caveat(Kind.DAMAGED, f"{several(self.damaged, 'clip')} with corrupt frames kept"))
        if self.synthetic:
            found.append(Caveat(Kind.SYNTHETIC, "synthetic clips"))
        return found


@dataclass(frozen=True, kw_only=True)
class FoldRecord(_Section):
    """One finished fold: its epochs, how many clips it was fitted to and watched, and hashes of what it was made of.

    `training_ids` is the hash of the contents of its training clips, `training_twins` of what these have in common with
    their twins in another light, `code` of the code that trained it.
    """

    repeat: int = 0
    fold: int = 0
    epochs: int = 0
    best_epoch: int = 0
    fitted: int = 0
    inner: int = 0
    initial_weights: str = ""
    training_ids: str | None = None
    training_twins: str | None = None
    weights: str = ""
    code: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RunRecord(_Section):
    """What run.json holds.

    Attributes:
        identity: hash of configuration and data.
        overrides: the words that were typed.
        labels: dataset, sampler, enhance, extractor, classifier, cv, seed.
        seed: of all draws.
        data: the data set.
        caveats: those that go with its numbers, but for what `data` says.
        verdict: of its controls, in words.
        mode: features or end_to_end; and why.
        streams: its extractors and what computed their features.
        features: frames computed and reused.
        folds: the finished ones.
        code: source file or library -> hash or version.
        versions: of Python and libraries.
        git: the commit of the source tree, if it runs from one.
        device: the kind of CPU, or the GPUs.
        precision: the dtype policy.
        switches: of the environment, that may change numbers.
        enhancement_card: what the run's enhancement does to its clips, as `report.enhancement_card` measures it.
        started: when.
        seconds: it took.
    """

    identity: str | None = None
    overrides: tuple[str, ...] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    data: DataRecord = field(default_factory=DataRecord, metadata={"read": DataRecord.read})
    caveats: tuple[Caveat, ...] = field(default=(), metadata={"read": lambda kept: tuple(caveats.read(kept))})
    verdict: str = ""
    mode: str = ""
    mode_reason: str = ""
    streams: tuple[StreamFacts, ...] = field(default=(), metadata={"read": _streams})
    features: Mapping[str, Any] = field(default_factory=dict)
    folds: tuple[FoldRecord, ...] = field(default=(), metadata={"read": lambda kept: tuple(map(FoldRecord.read, kept))})
    code: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    git: str | None = None
    device: str | tuple[str, ...] = ""
    precision: str = ""
    switches: Mapping[str, str] = field(default_factory=dict)
    enhancement_card: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""
    seconds: float = 0.0

    def warnings(self) -> list[Caveat]:
        """Return what must stand beside the run's numbers: what the data say, then its own caveats."""
        return [*self.data.warnings(), *self.caveats]


def _plain(value: Any) -> Any:
    """Return a field's value as JSON has it."""
    if isinstance(value, _Section):
        return value.stored()
    if isinstance(value, StreamFacts):
        return stream_facts.stored([value])[0]
    if isinstance(value, Caveat):
        return caveats.stored([value])[0]
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
