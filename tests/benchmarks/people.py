"""What following a person costs: decoding, brightening, keypoints and flow, on one core."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.material import some_clips, source
from tests.benchmarks.measure import row

_MARK_MS = 10.0  # a frame


def pose_flow(place: Path) -> dict[str, Any]:
    """Compare the CPU time that a frame takes, from its bytes to pose and flow, with the mark of 10 ms."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import cv2
    import numpy as np

    from darkhar_cli import registry
    from darkhar_cli.data.video import read_frames

    cv2.setNumThreads(1)
    models = os.environ.get("DARKHAR_TEST_MODELS")
    found = sorted(Path(models).glob("*movenet*.tflite")) if models else []
    extractor = registry.get("extractor", "pose_flow")(str(found[0]) if found else "auto")
    brighten = registry.get("enhance", "gamma").host
    clips = some_clips(place, 6, 2)
    spent = dict.fromkeys(("decoding", "brightening", "pose and flow"), 0.0)

    def timed(what: str, work: Callable[[], Any]) -> Any:
        started = time.process_time()
        made = work()
        spent[what] += time.process_time() - started
        return made

    frames = 0
    for clip in clips.table.index:
        data = clips.video(clip)
        decoded = timed("decoding", lambda data=data: read_frames(data))
        lit = timed("brightening", lambda decoded=decoded: np.rint(brighten(decoded, gamma=0.4)).astype(np.uint8))
        timed("pose and flow", lambda lit=lit: extractor.function(lit, 30.0))
        frames += len(decoded)
    each = {what: 1000 * seconds / frames for what, seconds in spent.items()}
    total = sum(each.values())
    note = f"{source()}, {frames} frames: " + ", ".join(f"{what} {ms:.2f} ms" for what, ms in each.items())
    return row(f"{total:.2f} ms", f"{_MARK_MS:g} ms", _MARK_MS / total, 1, note)
