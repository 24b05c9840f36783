"""Draw every enhancement on clips of your own: `make enhancements ARGS="CLIP ..."`, a column per clip."""

import sys
from pathlib import Path

import cv2
import keras
import numpy as np

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.data.video import read_frames
from darkhar_cli.models.layers import EnhanceFrames

PLACE = Path("outputs", "enhancements.png")
WIDTH, LEFT, MIDDLE = 200, 150, 5  # pixels of a picture and of the names; frames before and after the one shown


def shown(name: str, frames: np.ndarray) -> np.ndarray:
    """Return the middle of a clip's frames (T, H, W, 3) uint8 after one enhancement with its defaults."""
    layer = EnhanceFrames([(name, schema.options("enhance")[name].defaults)])
    frame = np.rint(keras.ops.convert_to_numpy(layer(frames))[len(frames) // 2]).astype(np.uint8)
    height = round(WIDTH * frame.shape[0] / frame.shape[1])
    return cv2.resize(frame, (WIDTH, height), interpolation=cv2.INTER_AREA)


def row(name: str, clips: list[np.ndarray]) -> np.ndarray:
    """Return one enhancement's row of pictures, its name before them."""
    pictures = [shown(name, frames) for frames in clips]
    height = max(len(picture) for picture in pictures)
    strip = np.full((height, LEFT + WIDTH * len(pictures), 3), 255, np.uint8)
    cv2.putText(strip, name, (6, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    for column, picture in enumerate(pictures):
        strip[: len(picture), LEFT + column * WIDTH : LEFT + (column + 1) * WIDTH] = picture
    return strip


def main(files: list[str]) -> None:
    """Write a row per enhancement and a column per clip."""
    clips = []
    for file in files:
        frames = read_frames(Path(file).read_bytes())
        clips.append(frames[max(0, len(frames) // 2 - MIDDLE) : len(frames) // 2 + MIDDLE + 1])
    names = sorted(registry.parts("enhance"), key=lambda name: (name != "none", name))
    PLACE.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(PLACE), np.concatenate([row(name, clips) for name in names])[:, :, ::-1])
    print(PLACE)


if __name__ == "__main__":
    main(sys.argv[1:])
