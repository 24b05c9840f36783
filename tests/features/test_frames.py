"""Frames made on the host: the same as the model's layers make, whatever the chunk, and each decoded frame right."""

import keras
import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.video import read_frames
from darkhar_cli.enhance.contract import chain_scope
from darkhar_cli.errors import FailedWork
from darkhar_cli.features import frame_loader
from darkhar_cli.features.frame_loader import FrameInputs, HostFrames
from darkhar_cli.models.layers import EnhanceFrames, ResizeFrames

CHAINS = [[name] for name in sorted(registry.parts("enhance"))] + [["gamma", "histeq"], ["histeq", "gamma"]]
CHAINS += [["denoise", "gamma"], ["adaptive_gamma", "clahe"], ["histeq", "retinex"]]
WHOLE = {"none", "histeq", "clahe", "denoise"}  # of whole levels they make whole levels: no bit may differ


def chain(names):
    return [(n, schema.options("enhance")[n].defaults) for n in names]


@pytest.fixture
def brighten_together(monkeypatch):
    """An enhancement of scope `clip`: every frame is moved by the mean of all that it is given."""
    registry.parts("enhance")
    monkeypatch.setattr(registry, "_parts", {kind: dict(parts) for kind, parts in registry._parts.items()})

    def part(frames):
        return keras.ops.clip(frames + keras.ops.mean(frames), 0.0, 255.0)

    registry.register("enhance", "together", scope="clip")(part)
    return [("together", {})]


@pytest.mark.parametrize("names", CHAINS, ids="+".join)
@pytest.mark.parametrize("size", [(20, 26), None])
def test_the_host_makes_what_the_layers_make(clips, names, size):
    positions = np.array([0, 2, 2, 7, 9])
    got = HostFrames(clips, chain(names), size)(0, positions)
    decoded = read_frames(clips.video(0), positions)
    expected = keras.ops.convert_to_numpy(ResizeFrames(size)(EnhanceFrames(chain(names))(decoded)))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-3)
    if WHOLE.issuperset(names) and size is None:
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("names", [n for n in CHAINS if chain_scope(chain(n)) == "frame"], ids="+".join)
@pytest.mark.parametrize("size", [(20, 26), None])
def test_a_frames_bits_do_not_depend_on_its_neighbours(clips, monkeypatch, names, size):
    rng = np.random.default_rng(0)
    odd = rng.gamma(2, 9, (11, 37, 35, 3)).clip(0, 255).astype(np.uint8)
    monkeypatch.setattr(clip_dataset, "iter_frames", lambda data, positions, *known: (odd[i] for i in positions))
    made = HostFrames(clips, chain(names), size)
    whole = made(0, np.arange(11))
    for positions in (np.arange(3, 9), np.array([10]), np.array([0, 4, 7, 8])):
        np.testing.assert_array_equal(made(0, positions), whole[positions])


def test_a_clip_wide_enhancement_sees_all_sampled_frames_at_once(clips, monkeypatch, brighten_together):
    monkeypatch.setattr(frame_loader, "_CHUNK", 3)
    positions = np.array([0, 3, 4, 8, 9])
    decoded = read_frames(clips.video(0), positions).astype(np.float32)
    expected = np.clip(decoded + decoded.mean(), 0, 255)
    made = HostFrames(clips, brighten_together, None)
    np.testing.assert_allclose(made(0, positions), expected, rtol=1e-5)
    inputs = FrameInputs(made)
    batch, _ = inputs.load([0, 0], [positions, positions[:2]])
    np.testing.assert_allclose(batch[0], expected, rtol=1e-5)
    two = np.clip(decoded[:2] + decoded[:2].mean(), 0, 255)
    np.testing.assert_allclose(batch[1, :2], two, rtol=1e-5)


def test_the_layer_keeps_the_clips_of_a_batch_apart(clips, brighten_together):
    batch = np.stack([read_frames(clips.video(row), [0, 3, 4]) for row in (0, 5)]).astype(np.float32)
    expected = np.clip(batch + batch.mean(axis=(1, 2, 3, 4), keepdims=True), 0, 255)
    layer = EnhanceFrames(brighten_together)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(batch)), expected, rtol=1e-5)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(batch[1])), expected[1], rtol=1e-5)


def test_a_clip_that_cannot_be_read_is_named(clips, monkeypatch):
    monkeypatch.setattr(clips, "video", lambda row: b"no video")
    with pytest.raises(FailedWork, match=r"right/right_0_0\.mp4.*: not a video"):
        HostFrames(clips, chain(["none"]), None)(clips.table.index[clips.table["id"].str.contains("right_0_0")][0], [0])


def test_end_to_end_frames_are_kept_within_bounds(clips):
    made = HostFrames(clips, chain(["none"]), (20, 26))
    calls = []
    counted = FrameInputs(made, keep_bytes=2 * 20 * 26 * 3 * 4)
    counted.frames = lambda row, positions: calls.append(len(positions)) or made(row, positions)
    counted.frames.scope = "frame"
    for _ in range(2):
        counted.load([0], [np.array([0, 1, 2, 3])])
    assert calls == [4, 2]
