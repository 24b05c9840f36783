"""Optical flow of a person before a moving camera, against scenes whose motion is known."""

import cv2
import numpy as np
import pytest

from darkhar_cli.extractors.person import dense_flow as dense
from darkhar_cli.extractors.person import sparse_flow as sparse
from darkhar_cli.extractors.person.dense_flow import dense_flow, fit_camera
from darkhar_cli.extractors.person.flow_input import luma, one_thread, pixels, widened
from darkhar_cli.extractors.person.smoothing import median
from darkhar_cli.extractors.person.sparse_flow import sparse_flow
from darkhar_cli.extractors.person.tracking import boxes
from tests.helpers.moving_scenes import HEIGHT, PATCH, WIDTH, moved, scene, steady, texture


def test_sparse_flow_parts_the_camera_from_the_person():
    frames, points = scene(steady(1.5, -0.75), steady(-1.0, 2.0))
    camera, person = sparse_flow(frames, boxes(points))
    assert camera.shape == (7, 3)
    assert person.shape == (7, 5)
    np.testing.assert_allclose(camera, np.tile([1.5 / 240, -0.75 / 240, 0], (7, 1)), atol=0.1 / 240)
    own = np.median(person, axis=0)
    np.testing.assert_allclose(own[:2] * 240, [-2.5, 2.75], atol=0.15)
    np.testing.assert_allclose(own[2:4] * 240, np.hypot(2.5, 2.75), atol=0.3)
    assert abs(own[4]) < 0.01


@pytest.mark.parametrize("box", [(100, 60, 180, 160), (0, 0, 30, 240), (290, 200, 320, 240), (50, 50, 50, 50)])
def test_corners_are_those_of_the_whole_image(box):
    image = luma(texture(HEIGHT, WIDTH, 4).astype(np.uint8), WIDTH, 1.0)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 255
    for some in (mask, 255 - mask):
        expected = cv2.goodFeaturesToTrack(image, 60, 0.01, 4, mask=some)
        expected = set() if expected is None else set(map(tuple, expected[:, 0]))
        found = set(map(tuple, sparse._corners(image, some, 60, 4)))
        assert len(found) == len(expected)
        assert len(found & expected) >= 0.95 * len(found), "all but ties, whose last bits OpenCV's vectors decide"


def test_sparse_flow_sees_the_camera_zoom():
    frames, points = scene(steady(0, 0), steady(0, 0), zoom=1.01)
    camera, _ = sparse_flow(frames, boxes(points))
    np.testing.assert_allclose(camera[:, 2], np.log(1.01), atol=1e-3)
    np.testing.assert_allclose(camera[:, :2], 0, atol=0.2 / 240)


def test_divergence_is_how_fast_the_person_grows():
    still, points = scene(steady(0, 0, 2), steady(0, 0, 2))
    left, top, width, height = PATCH
    grown = moved(still[0].astype(np.float32), 0, 0)
    x, y = left + width / 2, top + height / 2
    matrix = np.array([[1.03, 0, -0.03 * x], [0, 1.03, -0.03 * y]])
    big = cv2.warpAffine(grown, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    inner = (slice(top, top + height), slice(left, left + width))
    frame = still[0].copy()
    frame[inner] = np.clip(np.rint(big[inner]), 0, 255)
    clip = np.stack([still[0], frame])
    assert sparse_flow(clip, boxes(points))[1][0, 4] == pytest.approx(0.03, rel=0.15)
    assert 0.005 < dense_flow(clip, boxes(points))[0, 8] < 0.033, "the box holds ground too, which stays"


def test_dense_flow_is_the_persons_alone():
    frames, points = scene(steady(1.5, -0.75), steady(-1.0, 2.0))
    own = np.median(dense_flow(frames, boxes(points)), axis=0) * 240
    for u, v in own[:8].reshape(4, 2):  # the box is wider than the person, hence less than all of it
        assert -2.6 < u < -1.3
        assert 1.4 < v < 2.85
    frames, points = scene(steady(1.5, -0.75), steady(1.5, -0.75))
    resting = np.median(dense_flow(frames, boxes(points)), axis=0) * 240
    np.testing.assert_allclose(resting[:8], 0, atol=0.1)


def test_dense_flow_knows_the_upper_third():
    frames, points = scene(steady(0, 0, 4), steady(0, 0, 4))
    left, top, width, height = PATCH
    band = texture(height // 3 + 20, width, 5)
    for i in range(4):
        frames[i, top : top + height // 3, left : left + width] = band[2 * i : 2 * i + height // 3]
    u, v, _, upper, _, middle, _, lower, _ = np.median(dense_flow(frames, boxes(points)), axis=0) * 240
    assert -2 < upper < -0.5
    assert abs(middle) < 0.3
    assert abs(lower) < 0.1
    assert abs(u) < 0.1
    assert lower > v > upper


def test_a_boxs_means_are_weighted_by_the_gradient():
    rng = np.random.default_rng(0)
    flow, arm = rng.normal(size=(2, 31, 20)).astype(np.float32), rng.normal(size=(2, 31, 20)).astype(np.float32)
    weight = rng.uniform(0, 3, (31, 20)).astype(np.float32)
    expected = []
    for a, b in ((0, 31), (0, 10), (10, 21), (21, 31)):
        expected += [np.average(axis[a:b], weights=weight[a:b]) for axis in flow]
    np.testing.assert_allclose(dense._means(flow, weight, arm)[:8], expected, atol=1e-6)
    grows = dense._means(np.float32(0.03) * arm + np.float32(0.2), weight, arm)
    assert grows[8] == pytest.approx(0.03, rel=1e-4)
    assert dense._means(flow, 0 * weight, arm).tolist() == [0] * 9
    assert dense._means(flow[:, :0], weight[:0], arm[:, :0]).tolist() == [0] * 9


def test_the_cameras_fit_forgets_what_does_not_follow():
    arm = dense._arms((120, 160))
    flow = np.array([0.01, -0.02], np.float32)[:, None, None] + np.float32(0.03) * arm
    rng = np.random.default_rng(0)
    wild = rng.random((120, 160)) < 0.25
    flow[:, wild] += rng.normal(0.1, 0.05, (2, wild.sum())).astype(np.float32)
    gradient = rng.uniform(1, 2, (120, 160)).astype(np.float32)
    outside = np.ones((120, 160), bool)
    shift, zoom = fit_camera(flow, arm, gradient, outside)
    np.testing.assert_allclose(shift, [0.01, -0.02], atol=1.5e-3)
    assert zoom == pytest.approx(0.03, abs=4e-3)
    flat, dark = fit_camera(flow, arm, 0 * gradient, outside), fit_camera(flow, arm, gradient, ~outside)
    for shift, zoom in (flat, dark):
        assert [*shift, zoom] == [0, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_medians_are_numpys(n):
    values = np.random.default_rng(n).normal(size=(3, n))
    np.testing.assert_array_equal(median(values), np.median(values, axis=1))


def test_a_box_holds_what_is_seen():
    points = np.zeros((2, 17, 3))
    points[:, :, :2] = np.random.default_rng(0).uniform(0.2, 0.8, (2, 17, 2))
    points[0, :4, 2] = 0.21
    points[1, :5, 2] = 0.21
    points[1, 5:, 2] = 0.2
    for box, some in zip(boxes(points), (points[0], points[1, :5]), strict=True):
        np.testing.assert_array_equal(box, [*some[:, :2].min(axis=0), *some[:, :2].max(axis=0)])
    np.testing.assert_allclose(widened(np.array([0.2, 0.4, 0.6, 1.4]), 0.15), [0.14, 0.25, 0.66, 1.55])
    assert pixels(np.array([-0.1, 0.5, 0.51, 3.0]), (100, 150)) == (slice(50, 100), slice(0, 51))


def test_luma_keeps_shape_and_reaches_its_size():
    frames = texture(90, 120, 0).astype(np.uint8)
    assert luma(frames, 160, 0.8).shape == (120, 160)
    assert luma(np.rot90(frames), 60, 0.8).shape == (60, 45)
    assert luma(frames[:1], 160, 0.8).shape == (16, 160)
    whole = cv2.GaussianBlur(cv2.cvtColor(frames, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    np.testing.assert_array_equal(luma(frames, 120, 1.0), whole)


def test_opencvs_threads_are_given_back():
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        with one_thread():
            with one_thread():
                assert cv2.getNumThreads() == 1
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
