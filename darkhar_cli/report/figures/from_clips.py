"""Figures of clips: what samplers pick, what enhancements do, what is seen of a person."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from darkhar_cli.extractors.person.keypoints import MoveNet
from darkhar_cli.report import clips_shown, person_seen
from darkhar_cli.report.clips_shown import Chain, ClipShown, Enhancer
from darkhar_cli.report.figures import enhancement, person_overlay, sampled_frames

_WIDTH, _SMALL = 480, 240  # pixels of a picture, and of one in a row
_PERSON_FRAMES = 6


def about(clip: ClipShown) -> str:
    """Return a clip's id, and its class where that is known."""
    return f"{clip.id} ({clip.label})" if clip.label else clip.id


def sampled(clip: ClipShown, samplers: Mapping[str, tuple[str, Any]], lit: tuple[str, Chain], seed: int) -> Figure:
    """Return the frames that samplers pick of a clip in scoring, enhanced by a chain (its name and parts)."""
    enhance, rows = Enhancer(lit[1]), []
    for name, sampler in samplers.items():
        views = clips_shown.picked(sampler, clip, seed)
        positions = sampled_frames.middle_view(views)
        frames = enhance.levels(clip.frames(positions))
        pictures = [(int(p), clips_shown.resized(f, _SMALL)) for p, f in zip(positions, frames, strict=True)]
        rows.append(sampled_frames.Picked(name, views, pictures))
    return sampled_frames.draw(rows, f"{about(clip)}, {lit[0]}", clip.n_frames, clip.fps)


def enhanced(clip: ClipShown, chains: Sequence[tuple[str, Chain]]) -> Figure:
    """Return a clip's middle frame after each chain; those of scope `clip` see the eight frames around it."""
    middle = clip.n_frames // 2
    around = np.arange(max(0, middle - 4), min(clip.n_frames, middle + 4))
    frames, place = clip.frames(around), int(np.searchsorted(around, middle))
    pictures = []
    for name, chain in chains:
        enhance = Enhancer(chain)
        some, at = (frames, place) if enhance.scope == "clip" else (frames[place : place + 1], 0)
        pictures.append((name, clips_shown.resized(enhance(some)[at], _WIDTH)))
    return enhancement.draw(pictures, f"{about(clip)}, frame {middle} of {clip.n_frames}")


def person(clip: ClipShown, lit: tuple[str, Chain], net: MoveNet | None) -> Figure:
    """Return pose (without MoveNet: what moves) and flow on frames of a clip, enhanced by a chain (name and parts)."""
    found = person_seen.seen(clip, Enhancer(lit[1]), net, _PERSON_FRAMES)
    return person_overlay.draw(found, f"{about(clip)}, {lit[0]}")


def file_names(clips: Iterable[ClipShown]) -> list[str]:
    """Return a word for each clip that files can be called by, no two the same."""
    made: list[str] = []
    for clip in clips:
        stem = re.sub(r"[^\w=+-]+", "_", clip.id.rpartition(".")[0] or clip.id)[-60:].strip("_")
        made.append(f"{stem}_{clip.digest[:6]}" if stem in made or not stem else stem)
    return made
