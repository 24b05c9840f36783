"""A whole data set examined, whether it is prepared or not."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from darkhar_cli import ambient
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.dataset_builder import ClipBuilder
from darkhar_cli.data.doctor.examination import Examined, examine
from darkhar_cli.data.doctor.findings import Finding
from darkhar_cli.data.doctor.together import compare
from darkhar_cli.data.listing import counted
from darkhar_cli.data.preparation import builder_of
from darkhar_cli.data.sources import Source
from darkhar_cli.paths import home
from darkhar_cli.stopping import leaving


@dataclass(frozen=True)
class Checkup:
    """What the examination of a data set found.

    Attributes:
        name: of the data set.
        clips: each of them.
        findings: of each clip alone, then between them.
        like_real: whether its dark clips claim to match real ones.
    """

    name: str
    clips: Sequence[Examined]
    findings: Sequence[Finding]
    like_real: bool

    def measured(self) -> pd.DataFrame:
        """Return a row for each clip that can be read: id, split, label, group, light, and the measured columns."""
        rows = []
        for clip in self.clips:
            if clip.readable:
                one = clip.source
                about = {"id": one.id, "split": one.split, "label": one.label, "group": one.group, "light": one.light}
                size = {"height": clip.height, "width": clip.width, "fps": clip.fps, "jitter": clip.jitter}
                rows.append({**about, **clip.statistics, **size, "digest": clip.digest})
        return pd.DataFrame(rows)


def examine_all(
    dataset: Mapping[str, Any],
    shortest: int,
    started: Callable[[int], Callable[[], None]] = lambda count: lambda: None,
    tell: Callable[[str], None] = lambda line: None,
) -> Checkup:
    """Decode every clip of a data set and return what is found; nothing is prepared but what has to be drawn.

    Args:
        dataset: the `dataset` group of a configuration.
        shortest: frames below which a clip counts as short.
        started: told how many clips there are; returns what is called after each.
        tell: told, before any clip is decoded, how the data set was read and what it leaves aside.

    Raises:
        BadRequest: the data set is not where or what it should be.
    """
    builder = builder_of(dataset, data_dir=home())
    sources, load = _sources(builder, dataset)
    unused = counted(file.reason for file in builder.excluded())
    for line in [*builder.notes, *builder.left_aside, *([f"not used: {unused}"] if unused else [])]:
        tell(line)
    advance = started(len(sources))

    def one(number: int) -> Examined:
        seen = examine(sources[number], shortest, load(number) if load else None, checked=load is not None)
        advance()
        return seen

    with leaving(ThreadPoolExecutor(ambient.cores())) as pool:
        clips = list(pool.map(one, range(len(sources))))
    alone = [finding for clip in clips for finding in clip.findings]
    return Checkup(dataset["name"], clips, [*alone, *compare(clips)], builder.like_real)


def _sources(
    builder: ClipBuilder, dataset: Mapping[str, Any]
) -> tuple[list[Source], Callable[[int], Callable[[], bytes]] | None]:
    """Return the clips; where they are drawn, those that are prepared, and what gives the bytes of each."""
    sources = list(builder.sources())
    if not builder.DRAWN:
        return [replace(source, split=_plain(source, builder)) for source in sources], None
    prepared = clip_dataset.open_clips(dataset)
    rows = {name: row for row, name in enumerate(prepared.table["id"])}
    kept = [source for source in sources if source.id in rows]
    return kept, lambda number: lambda: prepared.video(rows[kept[number].id])


def _plain(source: Source, builder: ClipBuilder) -> str:
    return clip_dataset.TEST if source.split == builder.HELD_OUT else source.split
