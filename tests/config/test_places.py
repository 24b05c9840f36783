"""Addresses of object storage are refused by name, with why and what helps."""

import pytest

PLACES = ["dataset.data_dir", "cache_dir", "hydra.run.dir"]


@pytest.mark.parametrize("key", PLACES)
def test_object_storage_is_refused_where_a_folder_is_wanted(darkhar, key):
    code, _, err = darkhar("train", f"{key}=gs://bucket/place")
    assert code == 2
    assert f"{key}=gs://bucket/place: object storage will not do here (" in err
    assert "mounted bucket" in err


def test_darkhars_home_is_a_folder(darkhar, monkeypatch):
    monkeypatch.setenv("DARKHAR_HOME", "s3://bucket/home")
    code, _, err = darkhar("cache")
    assert code == 2
    assert "DARKHAR_HOME=s3://bucket/home: object storage will not do here" in err


def test_a_windows_like_name_is_a_folder(darkhar, tmp_path):
    code, out, _ = darkhar("train", "cache_dir=c:/features", "--cfg", "job")
    assert code == 0
    assert "c:/features" in out
