"""Runs that are killed while they prepare, extract, train or save, and given again: the same tables, nothing left."""

import pytest

from tests.chaos.trials import Scenario, Stage, kills_at_random, kills_at_renames, stops, together
from tests.conftest import write_clips

WORDS = ["sampler.frames=3", "extractor=luma", "classifier=linear", "train.epochs=2", "train.early_stopping=false"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Stage(tmp_path_factory.mktemp("chaos")) as made:
        yield made


@pytest.fixture(scope="module")
def features(stage):
    """A run on features of few clips, from their preparation on."""
    clips = write_clips(stage.place / "clips", takes=4, groups=2)
    data = ["dataset=video_folder", f"dataset.root={clips}", r"dataset.group=^([a-z]+_\d+)_", "cv.folds=2"]
    made = Scenario("features", ["train", *data, *WORDS])
    made.undisturbed(stage)
    return made


@pytest.mark.parametrize("kills", [kills_at_random, kills_at_renames])
def test_a_killed_run_goes_on_to_the_same_tables(stage, features, kills):
    count = kills(stage, features, 2)
    assert count.failures == []
    assert count.tried == 2


def test_a_stopped_run_has_its_exit_code_and_goes_on(stage, features):
    count = stops(stage, features, 2, 15)
    assert count.failures == []


def test_several_at_once_make_one_run(stage, features):
    count = together(stage, features, 3)
    assert count.failures == []
    log = (stage.place / "features-together-3" / "run" / "log.txt").read_text()
    assert log.count("mode ") == 1, "trained once"
