"""A stream: what is looked at, between frames too, how it is lit, and darkened copies kept apart."""

import copy

import numpy as np
import pytest

from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.data.frame_difference import motion_of
from darkhar_cli.data.video import read_frames
from darkhar_cli.errors import BadRequest
from darkhar_cli.features.interpolation import between, frames_for
from darkhar_cli.randomness import SCORING, key_of
from darkhar_cli.training.augmentation import Augmentations
from darkhar_cli.training.experiment import Setting, StreamParts
from darkhar_cli.training.planning import plan_stream
from darkhar_cli.training.stream import ClipRequest, Stream
from tests.helpers.trainers import FROZEN, HEAD, TRAIN

LUMA = ("luma", {"percentile": 95.0})
RATE = ("rate", {"fps": 20.0, "steps": 6})


@pytest.fixture
def stream(tmp_path, clips):
    made = []

    def make(sampler, extractor=LUMA, enhance="none", on=None):
        made.append(None)
        parts = StreamParts(sampler, [(enhance, {})], extractor, HEAD)
        setting = Setting(3, TRAIN, RuntimeSettings(), tmp_path / f"bank{len(made)}")
        return Stream(plan_stream(parts, setting), clips if on is None else on, setting)

    return make


def test_frames_for_and_between_are_numpys_interpolation():
    rng = np.random.default_rng(0)
    timeline = rng.normal(size=(30, 4)).astype(np.float32)
    positions = np.sort(rng.uniform(0, 29, 12)).astype(np.float32)
    positions[[0, 5, 11]] = 0, 13, 29
    frames = frames_for(positions)
    assert frames.dtype == np.int64
    assert set(frames) == set(np.floor(positions)) | set(np.ceil(positions))
    got = between(timeline[frames], frames, positions)
    expected = np.stack([np.interp(positions, np.arange(30), timeline[:, c]) for c in range(4)], axis=1)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(got[[0, 5, 11]], timeline[[0, 13, 29]])
    assert frames_for(np.array([4, 2])).tolist() == [4, 2], "whole positions are asked for as they are"


def test_views_of_a_sampler_are_positions_of_their_own(stream, clips):
    made = stream(("dense", {"frames": 3, "stride": 2, "clips": 3}))
    for views, n in zip(made.positions([0, 3], SCORING), clips.table.loc[[0, 3], "n_frames"], strict=True):
        assert len(views) == 3
        assert [view.tolist() for view in views] == [[s, s + 2, s + 4] for s in np.linspace(0, n - 5, 3).round()]
        assert {view.dtype for view in views} == {np.dtype(np.int64)}
    assert [len(views) for views in made.positions([0, 3], 0)] == [1, 1], "one in training"


def test_positions_are_drawn_by_seed_epoch_and_content(stream, clips):
    made = stream(("random", {"frames": 4}))
    epochs = [made.positions([0, 1], epoch) for epoch in (0, 1, 0)]
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(epochs[0], epochs[2], strict=True))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(epochs[0], epochs[1], strict=True))
    key = key_of(3, 1, clips.table.loc[1, "digest"])
    expected, _ = made.sampler(clips.table.loc[1, "n_frames"], 30.0, training=True, key=key)
    assert epochs[1][1][0].tolist() == expected[0].tolist()


def test_positions_between_frames_are_taken_to_the_nearest_for_features_of_frames(stream, clips):
    made = stream(RATE)
    assert not made.interpolates
    picked, mask = made.sampler(clips.table.loc[0, "n_frames"], 30.0)
    exact = picked[0][mask[0]]
    assert (exact % 1 != 0).any()
    (got,) = made.positions([0], SCORING)[0]
    assert got.dtype == np.int64
    assert got.tolist() == np.rint(exact).tolist()


@pytest.mark.parametrize("sampler", [RATE, ("rate", {"fps": 45.0}), ("random", {"frames": 4}), ("all", {})])
def test_clips_played_backwards_at_sampled_frames(sampler, stream, clips):
    """They are what the reversed timeline has at the same moments, in whatever order other changes are made."""
    made = stream(sampler, ("motion", {}))
    symmetry, augment = made.extractor.symmetry, Augmentations([("time_warp", {}), ("reverse", {})], {}, 0)
    turn = augment.listed(0)[1]
    assert augment.backwards(turn)
    for row in (0, 3):
        n = int(clips.table.loc[row, "n_frames"])
        (positions,) = made.positions([row], 0)[0]
        plain, seen, whole = made.load(
            [ClipRequest(row, positions), ClipRequest(row, positions, None, True), ClipRequest(row, np.arange(n))]
        )
        expected = between(symmetry.reversed(whole), np.arange(n), (n - 1 - positions)[::-1])
        np.testing.assert_allclose(symmetry.turned_back(seen), expected, rtol=1e-5, atol=1e-7)
        backwards = motion_of(read_frames(clips.video(row))[::-1])
        np.testing.assert_allclose(symmetry.reversed(whole)[:, 0], backwards, rtol=1e-6)
        assert not np.allclose(symmetry.turned_back(plain), expected, rtol=1e-4), "a step stands at its other end then"
        warped = augment.apply(turn, "clip", seen, made.extractor, on_frames=False)
        forward = augment.steps[0].timeline(seen, symmetry, 0, augment._draw(0, "clip", 0))
        np.testing.assert_array_equal(warped, symmetry.turned_back(forward))


def test_features_of_a_timeline_are_read_between_frames(stream, clips, fake_tflite):
    made = stream(RATE, ("pose", {"weights": str(fake_tflite)}))
    assert made.interpolates
    row, n = 3, int(clips.table.loc[3, "n_frames"])
    (positions,) = made.positions([row], SCORING)[0]
    assert (positions % 1 != 0).any()
    got = made.load([ClipRequest(row, positions)])[0]
    whole = made.load([ClipRequest(row, np.arange(n))])[0]
    assert whole.shape == (n, 70)
    for channel in range(70):
        expected = np.interp(positions, np.arange(n), whole[:, channel])
        np.testing.assert_allclose(got[:, channel], expected, rtol=1e-4, atol=1e-4)
    assert made.timeline.fps == 20
    assert len(made.timeline.channels) == made.timeline.features == 70


def test_masked_steps_are_no_positions(stream, clips):
    made = stream(("rate", {"fps": 30.0, "steps": 64}))
    for views, n in zip(made.positions([0, 3], SCORING), clips.table.loc[[0, 3], "n_frames"], strict=True):
        assert views[0].tolist() == list(range(n))
    assert made.plan.short_clips(clips.table) == len(clips.table)


def test_the_motion_sampler_is_given_what_moves(stream, clips):
    made = stream(("motion", {"frames": 4, "mix": 1.0}))
    (got,) = made.positions([0], SCORING)[0]
    n = int(clips.table.loc[0, "n_frames"])
    frames = read_frames(clips.video(0))
    energy = motion_of(frames)
    expected, _ = made.sampler(n, 30.0, motion=energy)
    assert got.tolist() == np.rint(expected[0]).tolist()
    np.testing.assert_array_equal(made._energies([(0, None), (1, None)])[0], energy)


def test_darkened_clips_are_sampled_by_their_own_motion(stream, clips):
    made, noisy = stream(("motion", {"frames": 4, "mix": 1.0})), Darkening((0.5, 0.5), (8.0, 8.0))
    row, length = 2, int(clips.table.loc[2, "n_frames"])
    frames = noisy(read_frames(clips.video(row)), clips.table.loc[row, "digest"], range(length))
    plain, dark = (made.positions([row], SCORING, [way])[0][0] for way in (None, noisy))
    key = key_of(3, SCORING, clips.table.loc[row, "digest"])
    expected, _ = made.sampler(length, 30.0, key=key, motion=motion_of(frames))
    np.testing.assert_array_equal(dark, expected[0])
    assert plain.tolist() == made.positions([row], SCORING)[0][0].tolist() != dark.tolist()


def test_a_clip_that_is_too_short_is_named(stream, clips):
    made = stream(("uniform", {"frames": 90, "short": "error"}))
    with pytest.raises(BadRequest, match=f"{clips.table.loc[2, 'id']}: a clip has"):
        made.positions([2], SCORING)


def test_darkened_clips_have_a_bank_of_their_own(stream, clips):
    made, dark = stream(("uniform", {"frames": 4})), Darkening((0.5, 0.5), (2.0, 2.0), 7)
    assert made.inputs() is made.inputs(None)
    assert made.inputs(dark) is made.inputs(Darkening((0.5, 0.5), (2.0, 2.0), 7))
    banks = {one.bank.folder for one in made.all_inputs()}
    assert len(banks) == 2
    rows = [0, 1]
    made.fill(rows, [SCORING], [dark])
    assert (made.inputs(dark).computed, made.inputs().computed) == (8, 0)
    assert not list(made.inputs().bank.folder.glob("*.npz"))
    made.fill(rows, [SCORING], [None])
    assert (made.inputs(dark).computed, made.inputs().computed) == (8, 8)


def test_a_batch_may_mix_darkenings(stream, clips):
    made, dark = stream(("uniform", {"frames": 4})), Darkening((0.5, 0.5), (2.0, 2.0), 7)
    other = Darkening((0.25, 0.25), (0.0, 0.0), 7)
    (positions,) = made.positions([0], SCORING)[0]
    got = made.load(
        [
            ClipRequest(0, positions, dark),
            ClipRequest(0, positions),
            ClipRequest(0, positions, other),
            ClipRequest(0, positions, dark),
        ]
    )
    frames = read_frames(clips.video(0), positions.tolist())
    digest = clips.table.loc[0, "digest"]
    for seen, way in zip(got, (dark, None, other, dark), strict=True):
        shown = frames if way is None else way(frames, digest, positions)
        luma = shown.astype(np.float64) @ [0.299, 0.587, 0.114] / 255
        np.testing.assert_allclose(seen[:, 0], luma.mean(axis=(1, 2)), rtol=0.02, atol=1e-4)
    np.testing.assert_array_equal(got[0], got[3])
    assert got[2].mean() < got[0].mean() < got[1].mean()


def test_end_to_end_frames_are_darkened_before_they_are_lit(stream, clips):
    made = stream(("uniform", {"frames": 3}), ("conv_small", {"size": [16, 20], "filters": 4, "features": 8}))
    assert made.mode == "end_to_end"
    (positions,) = made.positions([0], SCORING)[0]
    plain, darker = made.load([ClipRequest(0, positions), ClipRequest(0, positions, Darkening((0.5, 0.5), (0.0, 0.0)))])
    assert plain.shape == darker.shape == (3, 16, 20, 3)
    np.testing.assert_allclose(darker, plain / 2, atol=0.6)  # levels are whole


def test_features_of_frames_that_are_asked_for_anew_equal_the_first(stream, clips):
    sampler = ("uniform", {"frames": 4})
    one, other = stream(sampler, FROZEN), stream(sampler, FROZEN, on=copy.copy(clips))
    (positions,) = one.positions([5], SCORING)[0]
    np.testing.assert_array_equal(
        one.load([ClipRequest(5, positions)])[0], other.load([ClipRequest(5, positions[:])])[0]
    )
