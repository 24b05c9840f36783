"""A stream of clips whose frames come at irregular times: what is picked, read between frames, and told of the rate."""

import numpy as np
import pytest

from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.frame_difference import motion_of
from darkhar_cli.data.video import read_frames, write_video
from darkhar_cli.extractors.resampling import evenly
from darkhar_cli.prediction.score_models import view
from darkhar_cli.randomness import SCORING
from darkhar_cli.training.experiment import Setting, StreamParts
from darkhar_cli.training.planning import plan_stream
from darkhar_cli.training.stream import ClipRequest, Stream
from tests.conftest import moving_square
from tests.helpers.irregular_clips import irregular_times, write_at
from tests.helpers.trainers import HEAD, TRAIN

LUMA, MOTION = ("luma", {"percentile": 95.0}), ("motion", {})
TIMES = [irregular_times(n, seed=n) for n in (20, 26)]


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Four prepared clips: two at irregular times, two at a constant rate."""
    root = tmp_path_factory.mktemp("uneven")
    for label, name in enumerate(("down", "right")):
        (root / name).mkdir()
        n = len(TIMES[label])
        (root / name / "a.mp4").write_bytes(write_at(moving_square(1 - label, 0, n=n), TIMES[label]))
        (root / name / "b.mp4").write_bytes(write_video(moving_square(1 - label, 1, n=n), 25))
    request = {"name": "video_folder", "root": str(root), "labels": None, "group": None, "test": None}
    return clip_dataset.open_clips({**request, "data_dir": None, "on_error": "stop"})


@pytest.fixture
def stream(tmp_path, uneven):
    def make(sampler, extractor=LUMA, on=uneven):
        setting = Setting(3, TRAIN, RuntimeSettings(), tmp_path / "bank")
        return Stream(plan_stream(StreamParts(sampler, [("none", {})], extractor, HEAD), setting), on, setting)

    return make


def test_prepared_clips_keep_their_times(uneven):
    assert uneven.table["id"].tolist() == ["down/a.mp4", "down/b.mp4", "right/a.mp4", "right/b.mp4"]
    for row, times in ((0, TIMES[0]), (2, TIMES[1])):
        np.testing.assert_allclose(uneven.times(row), times, atol=1e-5)
        assert uneven.table["fps"][row] == pytest.approx((len(times) - 1) / times[-1], rel=1e-4)
        assert uneven.times(row + 1) is None
        assert (uneven.table["fps"][row + 1], uneven.table["jitter"][row + 1]) == (25.0, 0.0)
    np.testing.assert_array_equal(view(uneven, [2, 0], uneven.classes).times(1), uneven.times(0))


def test_rate_picks_the_frames_shown_at_even_moments(stream):
    made = stream(("rate", {"fps": 10.0, "steps": None}))
    for row, times in ((0, TIMES[0]), (2, TIMES[1])):
        (picked,) = made.positions([row], SCORING)[0]
        moments = np.arange(int(times[-1] * 10 + 1e-6) + 1) / 10
        assert picked.tolist() == [np.abs(times - moment).argmin() for moment in moments]
    (picked,) = made.positions([1], SCORING)[0]
    assert picked.tolist() == np.rint(np.arange(len(picked)) * 2.5).tolist(), "as ever at a constant rate"


@pytest.mark.parametrize("sampler", ["dense", "motion"])
def test_samplers_that_know_of_time_pick_moments(sampler, stream, uneven):
    made = stream((sampler, {"frames": 5}))
    plain, _ = made.sampler(20, float(uneven.table["fps"][0]), key=0, motion=np.ones(20, np.float32))
    (picked, *_) = made.positions([0], SCORING)[0]
    if sampler == "dense":
        moments = plain[0] * TIMES[0][-1] / 19
        assert picked.tolist() == [np.abs(TIMES[0] - moment).argmin() for moment in moments]
        assert picked.tolist() != plain[0].tolist()
    assert (np.diff(picked) >= 0).all()


@pytest.mark.parametrize("sampler", ["all", "uniform", "linspace", "segment", "random"])
def test_samplers_of_frames_pick_frames(sampler, stream, uneven):
    made = stream((sampler, {} if sampler == "all" else {"frames": 5}))
    for row in (0, 1):
        n = int(uneven.table["n_frames"][row])
        key = 0 if sampler != "random" else None
        (picked,) = made.positions([row], SCORING)[0]
        if key is not None:
            assert picked.tolist() == made.sampler(n, 25.0, key=key)[0][0].tolist()
        assert len(set(picked.tolist())) == len(picked)


def test_a_timeline_is_at_even_times(stream, uneven):
    made = stream(("all", {}), MOTION)
    for row in (0, 1):
        n = int(uneven.table["n_frames"][row])
        expected = motion_of(read_frames(uneven.video(row)))
        if row == 0:
            expected = evenly(expected, uneven.times(row))
        (seen,) = made.load([ClipRequest(row, np.arange(n))])
        np.testing.assert_allclose(seen[:, 0], expected, rtol=1e-6)
    made = stream(("rate", {"fps": 10.0, "steps": None}), MOTION)
    (positions,) = made.positions([0], SCORING)[0]
    even = np.linspace(0, TIMES[0][-1], 20)
    np.testing.assert_allclose(np.interp(positions, np.arange(20), even), np.arange(len(positions)) / 10, atol=1e-4)


def test_a_rate_is_told_only_where_there_is_one(stream, uneven):
    one = view(uneven, [0], uneven.classes)
    fps = round(float(one.table["fps"][0]), 3)
    assert stream(("all", {}), LUMA, one).timeline.fps is None, "its frames are not evenly spaced"
    assert stream(("all", {}), MOTION, one).timeline.fps == fps
    assert stream(("dense", {"frames": 4, "stride": 2}), LUMA, one).timeline.fps == pytest.approx(fps / 2)
    assert stream(("rate", {"fps": 10.0})).timeline.fps == 10.0
    assert stream(("all", {}), LUMA, view(uneven, [1, 3], uneven.classes)).timeline.fps == 25.0
