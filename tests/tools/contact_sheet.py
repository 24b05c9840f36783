"""Write a contact sheet of the embedded data set: `make contact`.

Each action's clips are shown by day, in the dark, and equalised, eight frames of each: for the eye to say whether
people look like people doing the action.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from darkhar_datasets.dark_synth.actions import ACTIONS
from darkhar_datasets.dark_synth.film import LIGHTS, Clip, render

from darkhar_cli.data.video import read_frames
from darkhar_cli.enhance.histeq import equalise_on_host

PLACE = Path("outputs", "contact_sheet.png")
COLUMNS, WIDTH, HEIGHT, LEFT = 8, 160, 120, 110


def rows_of(action: str, group: int, regime: str = "arid") -> dict[str, np.ndarray]:
    """Return rows of frames (COLUMNS, H, W, 3) uint8 by what was done to them."""
    clip = Clip(0, group, action, 0, (50, 75), regime, level=(group * 0.618) % 1)
    frames = {}
    for light in reversed(LIGHTS):
        every = read_frames(render(clip, light))
        frames[light] = every[np.linspace(1, len(every) - 2, COLUMNS).round().astype(int)]
    return frames | {"histeq": equalise_on_host(frames["dark"])}


def sheet(groups: int) -> np.ndarray:
    """Return the sheet, RGB: for each action `groups` clips of groups of their own, three rows each."""
    strips = []
    for a, action in enumerate(ACTIONS):
        for k in range(groups):
            for what, frames in rows_of(action, a + len(ACTIONS) * k).items():
                label = np.full((HEIGHT, LEFT, 3), 255, np.uint8)
                for line, word in enumerate((action, what)):
                    place = (6, 50 + 24 * line)
                    cv2.putText(label, word, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
                small = [cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for frame in frames]
                strips.append(np.hstack([label, *small]))
    return np.vstack(strips)


def main() -> None:
    """Write the sheet; the first word says how many clips of each action (default 2)."""
    groups = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    PLACE.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(PLACE), sheet(groups)[:, :, ::-1])
    print(PLACE)


if __name__ == "__main__":
    main()
