"""dark_synth: same seed, same bytes; dark; groups apart; people that move as their action says; a true manifest."""

import json
from pathlib import Path

import numpy as np
import pytest
from darkhar_datasets.dark_synth import manifest
from darkhar_datasets.dark_synth.actions import ACTIONS, FPS, draw_action, perform, speed
from darkhar_datasets.dark_synth.camera import REGIMES, DarkCamera
from darkhar_datasets.dark_synth.dark_synth_dataset_builder import SIZES, Builder
from darkhar_datasets.dark_synth.film import Clip, Film, render, setting
from darkhar_datasets.dark_synth.people import KEYPOINTS, SHIN, THIGH, draw_body, joints
from darkhar_datasets.dark_synth.view import HEIGHT, WIDTH, View

from darkhar_cli.data import clip_dataset
from darkhar_cli.data.preparation import builder_class
from darkhar_cli.data.video import inspect, read_frames

REQUEST = {"name": "dark_synth", "config": "tiny", "light": "both", "regime": "arid", "seed": 0}
REQUEST |= {"data_dir": None, "on_error": "stop"}


@pytest.fixture(scope="module")
def twins():
    return clip_dataset.open_clips(REQUEST)


@pytest.fixture(scope="module")
def dark():
    return clip_dataset.open_clips(REQUEST | {"light": "dark"})


def test_same_seed_same_bytes():
    same, other = (Clip(seed, 1, "walk", 0, (20, 24)) for seed in (3, 4))
    first = render(same, "dark")
    setting.cache_clear()
    assert render(same, "dark") == first
    assert render(other, "dark") != first
    assert render(same, "bright") != first
    assert other.twin != same.twin


def test_another_process_draws_the_same_bytes(dark, tmp_path):
    """Clips of a set drawn in processes or threads of their own equal those drawn here, one by one."""
    builder = Builder(config="tiny", data_dir=tmp_path)
    for row in (0, 13):
        source = next(s for s in builder.sources() if s.id == dark.table.loc[row, "id"])
        assert source.load() == dark.video(row)


def test_tiny_holds_what_it_says(twins, dark):
    assert dark.synthetic
    assert dark.like_real
    assert dark.classes == list(ACTIONS)
    assert dark.table["split"].value_counts().to_dict() == {"train": 18, "test": 6}
    assert twins.table["split"].value_counts().to_dict() == {"train": 36, "test": 12}
    assert set(dark.table["height"]) == {240}
    assert dark.table["n_frames"].between(33, 40).all()
    assert not builder_class("dark_synth")(config="tiny", light="bright").like_real
    assert not builder_class("dark_synth")(config="tiny", regime="raw").like_real


def test_every_group_shows_every_action_and_stands_in_one_split(dark):
    assert (dark.table.groupby("group")["label"].nunique() == len(ACTIONS)).all()
    assert (dark.table.groupby("group")["split"].nunique() == 1).all()


@pytest.mark.parametrize(("name", "count"), [("tiny", 24), ("small", 72), ("medium", 540), ("full", 2400)])
def test_sizes(name, count, tmp_path):
    sources = Builder(config=name, data_dir=tmp_path).sources()
    assert len(sources) == count
    assert len({source.id for source in sources}) == len({source.twin for source in sources}) == count
    assert SIZES[name].train_groups >= 3
    levels = sorted(clip.level for _, clip in Builder(config=name, data_dir=tmp_path).clips())
    np.testing.assert_allclose(levels, np.arange(count) / count, atol=1 / count)


def test_twins_pair_and_the_dark_ones_are_those_of_light_dark(twins, dark):
    table = twins.table
    pairs = table.groupby("twin")
    assert (pairs["light"].nunique() == 2).all()
    assert (pairs.size() == 2).all()
    assert (pairs["group"].nunique() == 1).all()
    assert (pairs["n_frames"].nunique() == 1).all()
    names = table["id"].str.rsplit("_", n=1)
    assert (names.str[1] == table["light"] + ".mp4").all()
    ours = table[table["light"] == "dark"]
    assert ours["digest"].tolist() == dark.table["digest"].tolist()
    assert ours["twin"].tolist() == dark.table["twin"].tolist()


def test_dark_is_dark_and_bright_is_the_same_clip():
    clip = Clip(0, 2, "jump", 0, (33, 34))
    dark, bright = (read_frames(render(clip, light)) for light in ("dark", "bright"))
    assert dark.shape == bright.shape
    assert dark.mean() < 30
    assert bright.mean() > 3 * dark.mean()
    moved = [np.abs(np.diff(f.astype(float).mean(axis=3), axis=0)).mean(axis=(1, 2)) for f in (dark, bright)]
    assert np.corrcoef(moved)[0, 1] > 0.6, "what moves in one moves in the other"


def heights(action, joint, seed=0, body=None):
    rng = np.random.default_rng(seed)
    body = body or draw_body(rng)
    return joints(body, perform(action, draw_action(action, 61, 1.0, rng), 61, body.height))[joint][:, 2] / body.height


@pytest.mark.parametrize("seed", range(5))
def test_actions_move_as_their_names_say(seed):
    sit, jump = heights("sit", "nose", seed), heights("jump", "left_ankle", seed)
    assert sit[0] - sit[-1] > 0.2
    assert 0.24 < heights("sit", "pelvis", seed)[-1] < 0.34, "the pelvis comes down to a seat"
    assert np.ptp(jump) > 0.08
    ankles = np.minimum(jump, heights("jump", "right_ankle", seed))
    assert (ankles > 0.07).sum() >= 5, "both feet leave the floor"
    walk = np.minimum(heights("walk", "left_ankle", seed), heights("walk", "right_ankle", seed))
    run = np.minimum(heights("run", "left_ankle", seed), heights("run", "right_ankle", seed))
    assert walk.max() < run.max(), "a run has flight phases, a walk has none"
    assert np.ptp(heights("turn", "nose", seed)) < 0.1


def test_standing_up_is_sitting_down_backwards():
    rng = np.random.default_rng(4)
    about = draw_action("sit", 50, 1.0, rng) | {"sway": 0.0, "gaze": 0.0}
    down, up = (joints(draw_body(np.random.default_rng(1)), perform(a, about, 50, 1.7)) for a in ("sit", "stand"))
    for name in ("nose", "left_wrist", "right_knee", "pelvis"):
        np.testing.assert_allclose(down[name][:, 2], up[name][::-1, 2], atol=0.01)


def test_a_turn_turns_and_shoulders_narrow_and_widen():
    rng = np.random.default_rng(2)
    about = draw_action("turn", 60, 1.0, rng) | {"heading": -np.pi / 2, "turned": np.pi, "begin": 0.1, "length": 0.7}
    points = joints(draw_body(rng), perform("turn", about, 60, 1.7))
    width = points["left_shoulder"][:, 0] - points["right_shoulder"][:, 0]
    assert width[0] > 0.25
    assert width[-1] < -0.25
    assert np.abs(width).min() < 0.05


def test_walking_arms_swing_against_the_legs():
    rng = np.random.default_rng(0)
    about = draw_action("walk", 60, 1.0, rng) | {"heading": 0.0, "ramp": 0.0}
    p = joints(draw_body(rng), perform("walk", about, 60, 1.7))
    arm = p["left_wrist"][:, 0] - p["left_shoulder"][:, 0]
    leg = p["left_ankle"][:, 0] - p["left_hip"][:, 0]
    assert np.corrcoef(arm, leg)[0, 1] < -0.7
    assert np.corrcoef(leg, p["right_ankle"][:, 0] - p["right_hip"][:, 0])[0, 1] < -0.7
    assert np.ptp(p["pelvis"][:, 0]) > 1.0


def test_run_and_walk_overlap_in_speed_and_runs_are_faster():
    speeds = {
        action: [speed(draw_action(action, 60, 1.0, np.random.default_rng(i)), 1.7) for i in range(200)]
        for action in ("walk", "run")
    }
    assert min(speeds["run"]) < max(speeds["walk"])
    assert np.median(speeds["run"]) > 1.3 * np.median(speeds["walk"])


def test_limbs_keep_their_length():
    for action in ACTIONS:
        rng = np.random.default_rng(1)
        body = draw_body(rng)
        points = joints(body, perform(action, draw_action(action, 40, 1.0, rng), 40, body.height))
        for a, b, length in (("left_hip", "left_knee", THIGH), ("right_knee", "right_ankle", SHIN)):
            long = np.linalg.norm(points[a] - points[b], axis=1)
            np.testing.assert_allclose(long, length * body.height * body.legs, rtol=1e-9)


def test_projection_and_floor_undo_each_other():
    view = View(1.6, 0.15, 300.0)
    x, y = view.floor()
    for row, column in ((150, 20), (200, 160), (239, 300)):
        pixel = view.project(np.array([x[row, column], y[row, column], 0.0]))
        np.testing.assert_allclose(pixel[:2], [column + 0.5, row + 0.5], atol=0.01)
    np.testing.assert_allclose(View(1.0, 0.0, 300.0).project(np.array([0.5, 3.0, 1.0])), [210.0, 120.0, 3.0])


def test_the_manifest_tells_every_parameter_and_where_the_joints_are(twins):
    table, points = manifest.read(twins.folder)
    assert sorted(table["id"]) == sorted(twins.table["id"])
    assert set(points) == set(table["twin"])
    row = table.iloc[0]
    film = Film(Clip(0, 0, row["action"], 0, SIZES["tiny"].frames, variety=SIZES["tiny"].variety))
    for name, value in (("n_frames", film.n_frames), ("motion_heading", film.about["heading"])):
        assert row[name] == pytest.approx(value)
    assert json.loads(row["body_shirt"]) == list(film.body.shirt)
    assert table["dark_exposure"].between(-14, 0).all()
    assert table["dark_contrast"].between(0.4, 2.2).all()
    for clip in twins.table.itertuples():
        assert points[clip.twin].shape == (clip.n_frames, 17, 3)


def test_keypoints_lie_on_the_person_that_is_drawn():
    film = Film(Clip(0, 0, "walk", 0, (40, 41)))
    points, hits = film.keypoints(), []
    for (_, person), p in list(zip(film.frames(), points, strict=True))[::5]:
        for name in ("left_shoulder", "right_hip", "left_knee"):
            row, column, visible = p[KEYPOINTS.index(name)]
            if visible:
                hits.append(person[int(row), int(column)])
    assert len(hits) > 15
    assert np.mean(hits) > 0.8
    inside = points[..., 2] > 0
    assert (points[..., 0][inside] < HEIGHT).all()
    assert (points[..., 1][inside] < WIDTH).all()


@pytest.mark.parametrize("regime", REGIMES)
def test_the_camera_meets_its_luma_and_its_noise_model(regime):
    scene = setting(0, 1)[1]
    camera = DarkCamera(scene, regime, 0.5, np.random.default_rng(0))
    assert camera.luma == pytest.approx(16.0)
    frame = np.clip(scene.picture, 0, 255).astype(np.uint8)
    nobody = np.zeros(frame.shape[:2], bool)
    shots = np.stack([camera.shoot(frame, nobody, 0.0) for _ in range(24)]).astype(float)
    mean = shots @ [0.299, 0.587, 0.114]
    if regime == "arid":
        assert mean.mean() == pytest.approx(16.6, abs=0.6), "the exposure allows for what encoding takes"
        assert np.median(shots.std(axis=0)[mean.mean(axis=0) < 6]) < 0.5, "no noise in the dark"
    assert 1e-6 < camera.shot < 2e-2
    assert (camera.core == 0) == (regime == "raw")


@pytest.mark.parametrize("group", range(3))
def test_the_light_has_the_contrast_that_leaves_so_many_pixels_dark(group):
    """So that any few scenes have the brightness and the dark pixels of real clips, whatever was drawn for them."""
    scene = setting(0, group)[1]
    frame, nobody = scene.picture.astype(np.uint8), np.zeros(scene.picture.shape[:2], bool)
    cameras = [DarkCamera(scene, "arid", (i + 0.5) / 10, np.random.default_rng(i)) for i in range(10)]
    assert np.mean([camera.dark for camera in cameras]) == pytest.approx(0.455, abs=0.03), "the real clips' mean"
    free = [camera for camera in cameras if 0.45 < camera.contrast < 2.15]
    assert len(free) >= 4
    for camera in free:
        luma = camera.shoot(frame, nobody, 0.0) @ [0.299, 0.587, 0.114]
        assert (luma < 10.5).mean() == pytest.approx(camera.dark, abs=0.04)
        assert luma.mean() == pytest.approx(camera.luma, abs=1.0)


def test_raw_is_noisier_than_arid():
    frames = {}
    for regime in REGIMES:
        clip = Clip(0, 1, "turn", 0, (33, 34), regime)
        frames[regime] = read_frames(render(clip, "dark")).astype(float)
    noise = {name: np.abs(np.diff(f, axis=0)).mean() for name, f in frames.items()}
    assert noise["raw"] > 2 * noise["arid"]


def test_clips_are_real_video(dark):
    info = inspect(dark.video(0))
    assert (info.height, info.width, info.fps) == (HEIGHT, WIDTH, float(FPS))


def test_the_readme_tells_how_the_manifest_is_read():
    text = (Path(__file__).parent / "README.md").read_text()
    for word in (manifest.TABLE, manifest.KEYPOINTS, "twin", "manifest.read"):
        assert word in text
