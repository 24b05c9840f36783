"""Folders of runs and sweeps are tried before anything is prepared, and each belongs to one command."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from darkhar_cli.data import clip_dataset
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.launch import folders


@pytest.fixture
def prepared(monkeypatch):
    """Say whether data were asked for; none are prepared."""
    asked = []
    monkeypatch.setattr(clip_dataset, "open_clips", lambda dataset: asked.append(dataset) or 1 / 0)
    return asked


@pytest.mark.parametrize("place", ["/proc/x", "/sys/x", "file/x"])
@pytest.mark.parametrize("words", [["hydra.run.dir={}"], ["-m", "seed=1,2", "hydra.sweep.dir={}"]])
def test_a_place_that_cannot_be_made_is_refused_before_the_data(darkhar, tmp_path, prepared, place, words):
    (tmp_path / "file").write_text("")
    words = [word.format(place) for word in words]
    code, _, err = darkhar("train", "experiment=smoke", *words)
    assert code == 1
    assert f"cannot write to {tmp_path / place}: " in err
    assert err.strip().endswith(f"choose another with {words[-1].split('=')[0]}=...")
    assert not prepared
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("words", [["hydra.run.dir=null"], ["-m", "seed=1,2", "hydra.sweep.subdir=null"]])
def test_no_place_is_refused(darkhar, words):
    code, _, err = darkhar("train", *words)
    assert (code, err.strip()) == (2, f"error: {words[-1]}: give a folder, or leave it out")


def test_a_class_that_is_not_there_shows_nothing_backwards(darkhar, clip_folder, tmp_path):
    words = ["dataset=video_folder", f"dataset.root={clip_folder}", "experiment=smoke"]
    code, _, err = darkhar("train", *words, "dataset.reverse={rihgt:down}")
    assert code == 2
    assert "unknown class in dataset.reverse 'rihgt'; choose from down, right, stay; did you mean 'right'?" in err
    assert not (tmp_path / "outputs").exists()


def test_fresh_runs_started_at_once_have_folders_of_their_own(tmp_path):
    (tmp_path / "run").mkdir()
    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(folders.claimed, tmp_path / "run", True, "hydra.run.dir") for _ in range(24)]
    assert sorted(job.result().name for job in jobs) == sorted(f"run-{n}" for n in range(2, 26))
    assert folders.claimed(tmp_path / "run", False, "hydra.run.dir") == tmp_path / "run"


def test_trying_a_place_leaves_nothing_and_takes_nothing(tmp_path):
    folders.refuse_unwritable(tmp_path / "a" / "b", "hydra.run.dir")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a").mkdir()
    folders.refuse_unwritable(tmp_path / "a", "hydra.run.dir")
    (tmp_path / "file").write_text("")
    with pytest.raises(FailedWork, match=r"file is not a folder; choose another with hydra\.run\.dir="):
        folders.refuse_unwritable(tmp_path / "file" / "x", "hydra.run.dir")


def test_where_hydra_cannot_work_is_said(darkhar, tmp_path, monkeypatch):
    with pytest.raises(BadRequest, match=r"has '\$\{' in its name"):
        folders.refuse_unwritable(tmp_path / "${x}", "hydra.run.dir")
    (tmp_path / "${x").mkdir()
    monkeypatch.chdir(tmp_path / "${x")
    code, _, err = darkhar("train", "--cfg", "job")
    assert (code, "which Hydra cannot read; leave it" in err) == (2, True)
