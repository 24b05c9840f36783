"""A disk that is full is said to be, with the place and its room, whoever writes and in whatever words it is told."""

import errno
import re

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.data import clip_dataset, preparation
from darkhar_cli.errors import FailedWork
from darkhar_cli.evaluation import stored_run
from darkhar_cli.features import feature_cache, feature_entry
from darkhar_cli.features.feature_cache import FeatureCache
from darkhar_cli.features.feature_entry import Entry
from darkhar_cli.files import asides, claims, disk
from darkhar_cli.launch import app
from darkhar_cli.runs.run_folder import Run

FULL = OSError(errno.ENOSPC, "No space left on device")
ROOM = r"no space left on device \([\d,]+ MB free of [\d,]+ MB\); free some room there"


def full(*_, **__):
    raise FULL


@pytest.mark.parametrize(
    ("problem", "is_full"),
    [
        (FULL, True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError("Can't write data (file write failed: errno = 28, error message = 'No space left on device')"), True),
        (RuntimeError("Failed to close file: No space left on device"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("28"), False),
    ],
)
def test_a_full_disk_is_known(problem, is_full):
    assert disk.is_full(problem) == is_full


def test_every_writer_of_a_run_names_its_file(tmp_path, monkeypatch):
    run = Run(tmp_path / "run")
    run.claim("x")

    class Model:
        def save(self, path):
            raise OSError("Unable to write (errno = 28, error message = 'No space left on device')")

    with pytest.raises(FailedWork, match=rf"fold_0\.keras: {ROOM}"):
        run.save_model(0, Model())
    monkeypatch.setattr(asides.os, "replace", full)
    with pytest.raises(FailedWork, match=rf"run\.json: {ROOM}"):
        run.add_facts(a=1)
    with pytest.raises(FailedWork, match=rf"predictions\.csv: {ROOM}"):
        run.save("predictions.csv", pd.DataFrame({"a": [1]}))
    run.fail("it is full")  # no second error hides the first
    monkeypatch.setattr("pathlib.Path.open", full)
    with pytest.raises(FailedWork, match=rf"log\.txt: {ROOM}"):
        run.log("a line")


def test_prepared_data_and_features_and_evaluations_name_their_place(tmp_path, monkeypatch, clip_folder):
    request = {"name": "video_folder", "root": str(clip_folder), "labels": None, "group": None, "test": None}
    request |= {"data_dir": str(tmp_path), "on_error": "stop"}
    with monkeypatch.context() as patch:
        patch.setattr(preparation, "_build", full)
        with pytest.raises(FailedWork, match=rf"video_folder/\w+: {ROOM}, or choose another place .*dataset.data_dir="):
            clip_dataset.open_clips(request)
    assert list((tmp_path / "video_folder").iterdir()) == [], "no half-made data, no claim"
    store = FeatureCache(tmp_path / "features", {"extractor": "luma"})
    with monkeypatch.context() as patch:
        patch.setattr(feature_entry.np, "savez", full)
        with pytest.raises(FailedWork, match=rf"cannot keep features in .*luma-\w+: {ROOM}, or .*cache_dir=DIR"):
            store.write("a", Entry(np.arange(1), np.zeros((1, 2), np.float32)))
    with monkeypatch.context() as patch:
        patch.setattr(stored_run, "save_metrics", full)
        with pytest.raises(FailedWork, match=ROOM):
            stored_run.save(tmp_path / "evaluation", pd.DataFrame({"a": [1]}), ["a"], {}, {}, {"data": {"skipped": 0}})
    with monkeypatch.context() as patch:
        patch.setattr(claims.os, "open", full)
        with pytest.raises(FailedWork, match=rf"claim: {ROOM}"):
            claims.held(tmp_path / ".claim", "it").__enter__()


@pytest.mark.parametrize("place", ["/proc/x", "file", "file/x"])
def test_a_home_that_cannot_be_written_is_named_with_what_helps(tmp_path, monkeypatch, clip_folder, place):
    (tmp_path / "file").write_text("")
    place = tmp_path / place
    monkeypatch.setenv("DARKHAR_HOME", str(place))
    request = {"name": "video_folder", "root": str(clip_folder), "labels": None, "group": None, "test": None}
    cure = "choose another place with {}=DIR, or with DARKHAR_HOME=DIR for all$"
    with pytest.raises(FailedWork, match=rf"^cannot write prepared data to {place}/video_folder/\w+: .*; ") as failure:
        clip_dataset.open_clips(request | {"on_error": "stop"})
    assert re.search(cure.format("dataset.data_dir"), str(failure.value))
    with pytest.raises(FailedWork, match=rf"^cannot keep features in {place}/features/luma-\w+: .*; ") as failure:
        FeatureCache(feature_cache.root(None), {"extractor": "luma"})
    assert re.search(cure.format("cache_dir"), str(failure.value))
    with pytest.raises(FailedWork, match=r"choose another place with dataset\.data_dir=DIR$"):
        clip_dataset.open_clips(request | {"on_error": "stop", "data_dir": str(place)})


def test_a_library_that_names_no_file_leaves_the_places_to_look_at(darkhar, monkeypatch):
    monkeypatch.setattr(app, "run", full)
    code, _, err = darkhar("train")
    assert code == 1
    assert "no space left on device; free some room where it is short: this folder" in err
    assert "temporary files" in err
    assert len(err.splitlines()) == 1
