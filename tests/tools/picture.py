"""Draw the README's picture from the embedded data set: `make picture`."""

from pathlib import Path

import cv2
import numpy as np
from darkhar_datasets.dark_synth.actions import ACTIONS
from darkhar_datasets.dark_synth.film import Clip, render

from darkhar_cli.config import schema
from darkhar_cli.data.video import read_frames
from darkhar_cli.report.clips_shown import Enhancer

ROWS = ("none", "gamma", "histeq")
PLACE = Path(__file__).resolve().parent.parent.parent / ".github" / "enhancements.jpg"
WIDTH, HEIGHT, LEFT, TOP = 200, 150, 84, 30


def enhanced(name: str, frames: np.ndarray) -> np.ndarray:
    """Return frames (N, H, W, 3) after one enhancement with its defaults, uint8."""
    return Enhancer([(name, schema.options("enhance")[name].defaults)]).levels(frames)


def main() -> None:
    """Write one row per enhancement and one column per action, from synthetic clips."""
    frames = np.stack([read_frames(render(Clip(0, 4, action, 0, (60, 61)), "dark"), [36])[0] for action in ACTIONS])
    sheet = np.full((TOP + len(ROWS) * HEIGHT, LEFT + len(ACTIONS) * WIDTH, 3), 255, np.uint8)
    for r, name in enumerate(ROWS):
        place = (8, TOP + r * HEIGHT + HEIGHT // 2)
        cv2.putText(sheet, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
        for c, frame in enumerate(enhanced(name, frames)):
            small = cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            y, x = TOP + r * HEIGHT, LEFT + c * WIDTH
            sheet[y : y + HEIGHT, x : x + WIDTH] = small
    for c, action in enumerate(ACTIONS):
        place = (LEFT + c * WIDTH + 70, 20)
        cv2.putText(sheet, action, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    PLACE.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(PLACE), sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
