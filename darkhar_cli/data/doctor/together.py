"""What is found between clips: copies, near-duplicates, groups on both sides, classes that cannot be learnt."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from darkhar_cli.data.doctor import near_duplicates
from darkhar_cli.data.doctor.examination import Examined
from darkhar_cli.data.doctor.findings import Finding
from darkhar_cli.data.sources import TRAIN
from darkhar_cli.names import several


def compare(clips: Sequence[Examined]) -> list[Finding]:
    """Return what is found between the clips of a data set; each copy is named with the first that it is like."""
    return [*_copies(clips), *_near(clips), *_groups(clips), *_classes(clips), *_odd_ones(clips)]


def _split_of(clip: Examined) -> str:
    return clip.source.split


def _between(kind: str, first: Examined, second: Examined, detail: str) -> Finding:
    one = second.source
    apart = _split_of(first) != _split_of(second)
    return Finding(
        f"{kind} across splits" if apart else kind, detail, one.id, one.split, one.label, first.source.id, one.listed
    )


def _copies(clips: Sequence[Examined]) -> list[Finding]:
    same: dict[str, list[Examined]] = defaultdict(list)
    for clip in clips:
        if clip.digest and clip.readable:
            same[clip.digest].append(clip)
    found = []
    for first, *others in same.values():
        for clip in others:
            one, theirs = clip.source, first.source
            if one.label != theirs.label:
                detail = f"label {one.label!r}, but the same bytes are {theirs.id} with label {theirs.label!r}"
                found.append(Finding("two labels", detail, one.id, one.split, one.label, theirs.id, one.listed))
            if one.label == theirs.label or one.split != theirs.split:
                found.append(_between("duplicate", first, clip, f"the same bytes as {theirs.id} ({theirs.split})"))
    return found


def _near(clips: Sequence[Examined]) -> list[Finding]:
    readable = [clip for clip in clips if clip.signature is not None]
    signatures = [clip.signature for clip in readable if clip.signature is not None]
    found, told = [], set()
    for i, j, r in near_duplicates.pairs(signatures):
        first, second = readable[i], readable[j]
        twins = first.source.twin and first.source.twin == second.source.twin
        apart = _split_of(first) != _split_of(second)
        if first.digest == second.digest or twins or (not apart and j in told):
            continue
        told.add(j)
        label = "" if first.source.label == second.source.label else f", and label {first.source.label!r} there"
        detail = f"shows the same as {first.source.id} ({first.source.split}; r {r:.2f}){label}"
        found.append(_between("near-duplicate", first, second, detail))
    return found


def _groups(clips: Sequence[Examined]) -> list[Finding]:
    splits: dict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        if clip.source.group:
            splits[clip.source.group][clip.source.split] += 1
    found = []
    for group, counts in sorted(splits.items()):
        if len(counts) > 1:
            each = ", ".join(f"{count} in {split}" for split, count in counts.items())
            found.append(Finding("group across splits", f"group {group}: {each}"))
    return found


def _classes(clips: Sequence[Examined]) -> list[Finding]:
    groups: dict[str, set[str]] = defaultdict(set)
    trained = Counter(clip.source.label for clip in clips if clip.source.split == TRAIN and clip.readable)
    grouped = any(clip.source.group for clip in clips)
    for clip in clips:
        if clip.source.split == TRAIN and clip.readable:
            groups[clip.source.label].add(clip.source.group)
    found = []
    for label in sorted({clip.source.label for clip in clips} - {""}):
        if not trained[label]:
            detail = f"class {label} has no training clip that can be read"
            found.append(Finding("not in training", detail, label=label))
        elif grouped and len(groups[label]) == 1:
            detail = f"class {label} has one group in training: it cannot be both trained on and scored by group"
            found.append(Finding("one group", detail, label=label))
    return found


def _odd_ones(clips: Sequence[Examined]) -> list[Finding]:
    """Return clips whose frame size or range of samples is not that of most."""
    readable = [clip for clip in clips if clip.readable and clip.stored is not None]
    found: list[Finding] = []
    sizes = Counter((clip.height, clip.width) for clip in readable)
    ranges = Counter((clip.stored.full, clip.stored.pixels) for clip in readable if clip.stored)
    if not readable:
        return found
    (size, many), (usual, alike) = sizes.most_common(1)[0], ranges.most_common(1)[0]
    for clip in readable:
        one, stored = clip.source, clip.stored
        about = {"id": one.id, "split": one.split, "label": one.label, "listed": one.listed}
        if (clip.height, clip.width) != size and 2 * many > len(readable):
            detail = (
                f"{clip.width}x{clip.height}, where {several(many, 'clip')} of {len(readable)} have {size[1]}x{size[0]}"
            )
            found.append(Finding("size", detail, **about))
        if stored and (stored.full, stored.pixels) != usual and 2 * alike > len(readable):
            detail = f"stored as {_range(stored.full, stored.pixels)}, most clips as {_range(*usual)}"
            found.append(Finding("range", detail, **about))
    return found


def _range(full: bool, pixels: str) -> str:
    return f"{pixels}, {'full' if full else 'limited'} range"
