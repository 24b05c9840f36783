"""A long video made by joining clips one behind the other, and where its joins are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import cv2

from darkhar_cli.data.video import read_frames

RATE, SIZE = 30, (320, 240)


def join(path: Path, clips: Mapping[str, Sequence[Path]], seconds: float, block: float = 12.0):
    """Write so many seconds of video, in blocks of clips of one class after the other; return (class, start, end)."""
    joins, count, taken = [], 0, dict.fromkeys(clips, 0)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "superfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        while count < seconds * RATE:
            for label, files in clips.items():
                start = count
                while count - start < block * RATE:
                    for frame in read_frames(files[taken[label] % len(files)].read_bytes()):
                        shown = frame if frame.shape[1::-1] == SIZE else cv2.resize(frame, SIZE)
                        out.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
                        count += 1
                    taken[label] += 1
                joins.append((label, start / RATE, count / RATE))
        out.mux(stream.encode(None))
    return joins
