"""LIME, BIMEF and dark normalisation against their formulas, solved by other means."""

import cv2
import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from darkhar_cli.models.layers import EnhanceFrames
from tests.helpers.enhanced_frames import chain, dark_frames, run


def differences(height, width):
    """Sparse matrices of the steps to the right and downwards around the edges, of an image laid out by rows."""

    def along(size):
        return sparse.csr_array(np.roll(np.eye(size), 1, axis=1) - np.eye(size))

    return sparse.kron(sparse.eye_array(height), along(width)), sparse.kron(along(height), sparse.eye_array(width))


def lime_map(first, alpha, steps):
    """The illumination by the same augmented Lagrangian, each step solved as a sparse system in float64."""
    shape, flat = first.shape, first.astype(np.float64).ravel()
    gradient = sparse.vstack(differences(*shape)).tocsc()
    limit = alpha / (np.abs(gradient @ flat) + 1)
    split = left = np.zeros(2 * flat.size)
    penalty = 1.0
    for _ in range(steps):
        system = 2 * sparse.eye_array(flat.size) + penalty * gradient.T @ gradient
        found = spsolve(system.tocsc(), 2 * flat + gradient.T @ (penalty * split - left))
        value = gradient @ found + left / penalty
        split = np.sign(value) * np.maximum(np.abs(value) - limit / penalty, 0)
        left = left + penalty * (gradient @ found - split)
        penalty *= 2
    return found.reshape(shape)


def test_lime_divides_by_the_solved_illumination():
    frames = dark_frames(2, 11, 16)
    got = run("lime", frames, alpha=0.2, gamma=0.6, steps=8)
    for frame, out in zip(frames, got, strict=True):
        light = np.maximum(lime_map(frame.max(-1) / 255, 0.2, 8), 1e-3)
        np.testing.assert_allclose(out, np.clip(frame / light[..., None] ** 0.6, 0, 255), atol=0.05)


def test_limes_illumination_is_smoother_than_the_first_and_its_steps_agree_in_the_end():
    first = dark_frames(1, 24, 32)[0].max(-1) / 255
    ten, sixteen = (lime_map(first, 0.1, steps) for steps in (10, 16))
    assert np.abs(np.diff(ten)).sum() < 0.5 * np.abs(np.diff(first)).sum()
    assert np.abs(ten - sixteen).max() < 0.02


def bimef_light(frame, smoothness):
    """The illumination by a sparse system in float64."""
    light = (frame.max(-1) / 255).astype(np.float64)
    half = light.reshape(light.shape[0] // 2, 2, light.shape[1] // 2, 2).mean((1, 3))
    system = sparse.eye_array(half.size)
    for axis, step in zip((1, 0), differences(*half.shape), strict=True):
        moved = (step @ half.ravel()).reshape(half.shape)
        window = sum(np.roll(moved, shift, axis=axis) for shift in (-2, -1, 0, 1, 2))
        weight = smoothness / (np.abs(window) * np.abs(moved) + 1e-3)
        system = system + step.T @ sparse.diags_array(weight.ravel()) @ step
    return spsolve(system.tocsc(), half.ravel()).reshape(half.shape)


def answer(value, ratio):
    power = ratio**-0.3293
    return np.exp(1.1258 * (1 - power)) * value**power


def entropy(values):
    share = np.bincount(np.round(255 * np.clip(values, 0, 1)).astype(int), minlength=256) / len(values)
    return -(share[share > 0] * np.log(share[share > 0])).sum()


def test_bimef_fuses_a_frame_with_its_exposure_of_most_entropy():
    frame = dark_frames(1, 24, 32)[0]
    frame[:, 20:] = np.minimum(frame[:, 20:] * 6, 255)
    light = cv2.resize(bimef_light(frame, 0.5).astype(np.float32), (32, 24))
    value = frame / 255
    grey = np.cbrt(value.prod(-1))[::4, ::4][light[::4, ::4] < 0.5]
    ratio = max(np.arange(1, 7.01, 0.25), key=lambda k: entropy(answer(grey, k)))
    share = np.clip(light, 0, 1)[..., None] ** 0.5
    expected = 255 * (share * value + (1 - share) * answer(value, ratio))
    np.testing.assert_allclose(run("bimef", frame[None])[0], np.clip(expected, 0, 255), atol=0.1)


def test_bimefs_exposure_is_one_for_the_clip_or_each_frames_own():
    dark = dark_frames(1, 24, 32)
    clip = np.concatenate([dark, 0.25 * dark]).astype(np.float32)
    alone = np.concatenate([run("bimef", clip[i : i + 1]) for i in range(2)])
    np.testing.assert_allclose(run("bimef", clip, scope="frame"), alone, atol=0.05)
    assert np.abs(run("bimef", clip, scope="clip") - alone).max() > 1


def test_bimef_leaves_bright_frames_nearly_as_they_are():
    frame = np.full((1, 16, 16, 3), 200, np.float32)
    np.testing.assert_allclose(run("bimef", frame), frame, atol=1e-3)


def test_a_dark_clip_gets_the_mean_and_deviation_of_daylight():
    clip = dark_frames(3, 48, 64)
    out = run("dark_norm", clip)
    expected = (clip - clip.mean((0, 1, 2))) / clip.std((0, 1, 2)) * 57.63 + 114.495
    np.testing.assert_allclose(out, np.clip(expected, 0, 255), atol=1e-2)
    given = run("dark_norm", clip, mean=[20, 18, 15], deviation=[9, 8, 7])
    expected = (clip - [20, 18, 15]) / [9, 8, 7] * 57.63 + 114.495
    np.testing.assert_allclose(given, np.clip(expected, 0, 255), atol=1e-2)


@pytest.mark.parametrize("name", ["lime", "bimef"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (2, 40)])
def test_small_and_odd_frames(name, size):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 60, (2, *size, 3)).astype(np.float32)
    out = np.asarray(EnhanceFrames(chain(name))(frames))
    assert out.shape == frames.shape
    assert np.isfinite(out).all()
    assert (out >= frames - 1e-3).all()
