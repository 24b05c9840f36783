"""dark_synth: same seed, same bytes; dark; groups apart; people that move as their action says."""

import numpy as np
import pytest
from darkhar_datasets.dark_synth.dark_synth_dataset_builder import SIZES, Builder, render
from darkhar_datasets.dark_synth.people import ACTIONS, Actor, joints

from darkhar_cli import clips as data
from darkhar_cli.video import inspect, read_frames


@pytest.fixture(scope="module")
def clips():
    return data.open_clips(
        {"name": "dark_synth", "config": "tiny", "light": "dark", "seed": 0, "data_dir": None, "on_error": "stop"}
    )


def test_same_seed_same_bytes():
    arguments = {"group": 1, "action": "walk", "take": 0, "frames": (20, 24), "light": "dark"}
    assert render(3, **arguments) == render(3, **arguments)
    assert render(3, **arguments) != render(4, **arguments)


def test_tiny_holds_what_it_says(clips):
    assert clips.synthetic
    assert clips.classes == list(ACTIONS)
    assert clips.table["split"].value_counts().to_dict() == {"train": 18, "test": 6}
    assert set(clips.table["height"]) == {240}
    assert clips.table["n_frames"].between(33, 40).all()


def test_every_group_shows_every_action_and_stands_in_one_split(clips):
    assert (clips.table.groupby("group")["label"].nunique() == len(ACTIONS)).all()
    assert (clips.table.groupby("group")["split"].nunique() == 1).all()


@pytest.mark.parametrize(("name", "count"), [("tiny", 24), ("small", 72), ("full", 2400)])
def test_sizes(name, count, tmp_path):
    assert len(Builder(config=name, data_dir=tmp_path).sources()) == count
    assert SIZES[name].train_groups >= 3


def test_dark_is_dark_and_bright_is_the_same_clip():
    dark, bright = (read_frames(render(0, 2, "jump", 0, (33, 34), light)) for light in ("dark", "bright"))
    assert dark.shape == bright.shape
    assert dark.mean() < 30
    assert bright.mean() > 2 * dark.mean()
    rows = [
        np.corrcoef(d.mean(axis=2).ravel(), b.mean(axis=2).ravel())[0, 1] for d, b in zip(dark, bright, strict=True)
    ]
    assert min(rows) > 0.4


def heights(action, joint, seed=0):
    actor = Actor(action, 2.0, np.random.default_rng(seed))
    return np.array([joints(actor.pose(t))[joint][2] for t in np.linspace(0, 2, 61)])


def test_actions_move_as_their_names_say():
    for seed in range(5):
        sit, stand = heights("sit", "head", seed), heights("stand", "head", seed)
        assert sit[0] - sit[-1] > 0.2
        np.testing.assert_allclose(sit, stand[::-1], atol=0.05)
        assert np.ptp(heights("jump", "left_ankle", seed)) > 0.15
        assert np.ptp(heights("turn", "head", seed)) < 0.05
        paths = {a: Actor(a, 2.0, np.random.default_rng(seed)) for a in ("walk", "run")}
        for actor in paths.values():
            across = [joints(actor.pose(t))["pelvis"][0] for t in (0.0, 2.0)]
            assert abs(across[1] - across[0]) > 0.5


def test_limbs_keep_their_length():
    for action in ACTIONS:
        points = joints(Actor(action, 2.0, np.random.default_rng(1)).pose(0.8))
        for a, b, length in (("left_hip", "left_knee", 0.245), ("right_elbow", "right_wrist", 0.16)):
            assert np.linalg.norm(points[a] - points[b]) == pytest.approx(length)


def test_clips_are_real_video(clips):
    info = inspect(clips.video(0))
    assert (info.height, info.width, info.fps) == (240, 320, 30.0)
