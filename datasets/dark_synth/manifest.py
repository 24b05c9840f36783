"""The manifest: every parameter of every clip, and its true key points, in files beside the prepared clips.

`manifest.csv` has a row per clip; `keypoints.npz` an array (T, 17, 3) float32 per twin: row and column in pixels, and
COCO's visibility (0 out of the picture, 1 behind the head, 2 the rest), the points in COCO's order.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from darkhar_datasets.dark_synth.film import DRAWING, Clip, Film

from darkhar_cli.files.tables import write_csv

TABLE, KEYPOINTS = "manifest.csv", "keypoints.npz"


def parameters(film: Film) -> dict[str, Any]:
    """Return what was drawn for a clip, flat: its name, and columns that start with what they describe."""
    clip, scene = film.clip, film.scene
    row: dict[str, Any] = {"seed": clip.seed, "drawing": DRAWING, "group": clip.group, "action": clip.action}
    row |= {"take": clip.take, "twin": clip.twin, "regime": clip.regime, "n_frames": film.n_frames}
    row |= {"variety": clip.variety}
    row |= {"bit_rate": film.bit_rate, "place_x": film.place[0], "place_y": film.place[1]}
    row |= {"scene_kind": scene.kind, "scene_deepest": scene.deepest}
    row |= {"scene_lamps": [asdict(lamp) for lamp in scene.lamps]}
    parts = {"view": asdict(scene.view), "body": asdict(film.body), "motion": film.about, "stool": film.stool}
    parts["dark"] = film.camera().about()
    for part, values in parts.items():
        row |= {f"{part}_{name}": value for name, value in values.items()}
    return {name: json.dumps(value) if isinstance(value, (list, tuple)) else value for name, value in row.items()}


def write(folder: Path, clips: Iterable[tuple[Clip, dict[str, str]]]) -> None:
    """Write the manifest into a folder that nobody reads yet.

    Args:
        folder: where to.
        clips: each clip, and by light the id it is stored under.
    """
    rows, points = [], {}
    for clip, ids in clips:
        film = Film(clip)
        row = parameters(film)
        rows += [{"id": name, "light": light} | row for light, name in ids.items()]
        points[clip.twin] = film.keypoints()
    write_csv(folder / TABLE, pd.DataFrame(rows), None)
    np.savez_compressed(folder / KEYPOINTS, **points)


def read(folder: Path) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return the manifest's table, a row per clip, and the key points (T, 17, 3) by the clips' `twin`."""
    with np.load(folder / KEYPOINTS, allow_pickle=False) as kept:
        points = {twin: kept[twin] for twin in kept.files}
    return pd.read_csv(folder / TABLE, dtype={"id": str, "twin": str, "drawing": str}), points
