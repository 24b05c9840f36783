"""Features of a clip reversed in time, or mirrored, are the features turned: of real and drawn clips, with MoveNet.

Neither is exact. The crop that MoveNet looks at follows the person forwards, Lucas-Kanade follows corners of the
earlier frame, and MoveNet takes one side for the other in many a mirrored frame. What a channel must reach was set .1
to .2 below what was measured; what no channel may do is go better with the frame before or after.
"""

import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.data.video import read_frames

FRAMES = 48
REAL = ("Jump/Jump_8_20", "Walk/Walk_14_23", "Turn/Turn_1_56")
DRAWN = ("walk", "jump", "sit")
LEAST = {  # correlation in reversed and in mirrored clips, by how channels' names begin; the first that fits
    "lk_v_smooth": (0.65, 0.75),
    "lk_length_p90": (0.4, 0.8),
    "lk_divergence": (0.0, 0.65),  # backwards it is noise, but for fast motion
    "lk_v_path": (0.8, 0.8),
    "lk_length": (0.75, 0.8),
    "lk_u": (0.75, 0.75),
    "lk_v": (0.45, 0.65),
    "dis_": (0.6, 0.7),
    "world_": (0.6, 0.6),
    "camera_": (0.55, 0.65),
    "": (0.05, -0.1),
}
TYPICAL = (0.75, 0.5)  # median of the channels of keypoints
STILL = ("camera_",)  # the drawn camera stands: what is seen of it is noise
LATE = {"": 0.18, "lk": 0.1, "camera": 0.1, "dis": 0.03, "world": 0.03}  # by which a neighbouring frame may fit better


@pytest.fixture(scope="module")
def extractor(real_models):
    """All channels of pose and flow."""
    return registry.get("extractor", "pose_flow")(weights=str(real_models / "movenet_lightning_int8.tflite"))


def brightened(frames):
    return np.rint(255 * (np.arange(256) / 255) ** 0.4).astype(np.uint8)[frames]


@pytest.fixture(scope="module")
def real(real_clips):
    names = [real_clips / "train" / f"{name}.mp4" for name in REAL]
    return [brightened(read_frames(path.read_bytes())[:FRAMES]) for path in names]


@pytest.fixture(scope="module")
def drawn():
    from darkhar_datasets.dark_synth.film import Clip, render

    made = [Clip(0, group, action, 0, (FRAMES, FRAMES), "arid", level=0.5) for group, action in enumerate(DRAWN)]
    return [read_frames(render(clip, "bright")) for clip in made]


def together(pairs, lag):
    """Return each channel's correlation (F,) over pairs of timelines (T, F), the second `lag` frames later."""
    a, b = [], []
    for one, other in pairs:
        one, other = one[max(0, lag) : len(one) + min(0, lag)], other[max(0, -lag) : len(other) - max(0, lag)]
        size = other.std(axis=0) + 1e-6  # of a clip where much moves no more than of one where little does
        a.append((one - one.mean(axis=0)) / size)
        b.append((other - other.mean(axis=0)) / size)
    a, b = np.concatenate(a), np.concatenate(b)
    return (a * b).sum(axis=0) / np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0) + 1e-12)


def turned(extractor, clips, how):
    symmetry = extractor.symmetry
    turn = {"reverse": (symmetry.reversed, np.s_[::-1]), "mirror": (symmetry.mirrored, np.s_[:, :, ::-1])}[how]
    return [
        (turn[0](extractor.function(frames, 30.0)), extractor.function(np.ascontiguousarray(frames[turn[1]]), 30.0))
        for frames in clips
    ]


def of_prefix(table, name):
    return next(value for start, value in sorted(table.items(), reverse=True) if name.startswith(start))


@pytest.mark.parametrize("how", ["reverse", "mirror"])
@pytest.mark.parametrize("which", ["real", "drawn"])
def test_turned_clips_have_turned_features(which, how, extractor, request):
    pairs = turned(extractor, request.getfixturevalue(which), how)
    here, before, after = (together(pairs, lag) for lag in (0, -1, 1))
    side, body = ("reverse", "mirror").index(how), []
    for i, name in enumerate(extractor.channels):
        if which == "drawn" and name.startswith(STILL):
            continue
        assert here[i] > of_prefix(LEAST, name)[side], f"{name}: {here[i]:.2f}"
        assert max(before[i], after[i]) < here[i] + of_prefix(LATE, name), f"{name}: better a frame off"
        if not name.startswith(tuple(start for start in LATE if start)):
            body.append(here[i])
    assert np.median(body) > TYPICAL[side]
