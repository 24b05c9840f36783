"""`darkhar fetch`: what it lists, what it downloads, what it refuses."""

import hashlib
import re
from dataclasses import replace

import pytest

from darkhar_cli.weights import lookup
from darkhar_cli.weights.catalogue import CATALOGUE
from tests.helpers.published_weights import CONTENT, give_kaggle, give_keras


def unpinned(weights):
    """Return weights whose first source gives any file."""
    return replace(weights, sources=(replace(weights.sources[0], sha256="", md5="", size=0),))


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    monkeypatch.delenv("DARKHAR_OFFLINE")
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "home"


def test_the_list_has_licence_source_size_hash_and_place_of_every_file(darkhar, own_home, monkeypatch, tmp_path):
    code, out, err = darkhar("fetch", "--list")
    assert code == 0
    for weights in CATALOGUE:
        for part in (weights.command, weights.title, weights.licence):
            assert part in out
        for source in weights.sources:
            assert source.file in out
            assert source.page in out
            assert (source.sha256 or source.note or "unpinned") in out
    assert "movenet_lightning_int8.tflite, 2.9 MB" in out
    assert f"searched: {own_home / 'models'}, and {tmp_path / 'keras' / 'models'}" in err
    assert out.count("present    no") == len(CATALOGUE)
    assert not own_home.exists(), "listing writes nothing"
    monkeypatch.setenv("DARKHAR_MODELS", str(tmp_path))
    (tmp_path / "my_movenet.tflite").write_bytes(CONTENT)
    (tmp_path / "convnext_tiny_notop.h5").write_bytes(CONTENT)
    _, out, _ = darkhar("fetch", "--list", "movenet", "convnext_tiny")
    assert f"present    {tmp_path / 'my_movenet.tflite'}\n" in out
    assert f"present    no: {tmp_path / 'convnext_tiny_notop.h5'}: is not the published file" in out
    assert "convnext_small" not in out


def test_files_are_fetched_once(darkhar, own_home, monkeypatch):
    asked = give_keras(monkeypatch)
    code, out, err = darkhar("fetch", "mobilenet", "alpha=0.75")
    place = own_home / "models" / "mobilenet_7_5_224_tf_no_top.h5"
    assert (code, out) == (0, f"MobileNet v1, width 0.75: {place}\n")
    assert "downloading MobileNet v1, width 0.75 (Apache-2.0) from keras: https://storage.googleapis.com/" in err
    assert place.read_bytes() == CONTENT
    assert darkhar("fetch", "mobilenet", "alpha=.75") == (0, f"MobileNet v1, width 0.75: is here: {place}\n", "")
    assert len(asked) == 1
    _, out, _ = darkhar("fetch", "--list", "mobilenet", "alpha=0.75")
    assert f"present    {place} (downloaded 20" in out
    assert f"sha256 {hashlib.sha256(CONTENT).hexdigest()})" in out


def test_of_several_the_others_come_though_one_does_not(darkhar, own_home, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # without npm
    (v3,) = [one for one in CATALOGUE if one.word == "mobilenet_v3_small"]
    monkeypatch.setattr(lookup, "CATALOGUE", [one for one in CATALOGUE if one != v3] + [unpinned(v3)])
    give_keras(monkeypatch)
    asked = give_kaggle(monkeypatch, problem=OSError("no route"))
    code, out, err = darkhar("fetch", "thunder", "mobilenet_v3_small", "pose")
    assert code == 1
    assert "MobileNet v3 Small: " in out
    assert "error: cannot download movenet_thunder_float16.tflite (no route); where there is a network give" in err
    assert "error: cannot download movenet_lightning_int8.tflite (kaggle: no route; npm: npm is not installed)" in err
    assert "2 of 3 could not be fetched: MoveNet Thunder, MoveNet Lightning" in err
    assert asked[0] == "google/movenet/tfLite/singlepose-thunder-tflite-float16/1"


def test_another_file_than_the_published_is_not_kept(darkhar, own_home, monkeypatch):
    give_kaggle(monkeypatch)
    code, out, err = darkhar("fetch", "movenet", "source=kaggle")
    assert (code, out) == (1, "")
    assert "is not the published file: it has 22 bytes, not 2894840; it was not kept" in err
    assert list((own_home / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["movnet"], "unknown weights 'movnet'; choose from all, .*did you mean 'movenet'"),
        (["movenet", "source=keras"], "MoveNet Lightning comes from kaggle or npm, not from source=keras"),
        (["movenet", "source=kagle"], "unknown source 'kagle'.*did you mean 'kaggle'"),
        (["--lst"], "fetch does not know '--lst'; it takes --list, .*did you mean '--list'"),
        (["movenet", "varant=thunder"], "fetch does not know 'varant=thunder'.*did you mean 'variant'"),
        (["alpha=0.5"], "name what to fetch: convnext_small, .*, or all; or give --list"),
    ],
)
def test_wrong_words(darkhar, words, said):
    code, out, err = darkhar("fetch", *words)
    assert (code, out) == (2, "")
    assert re.search(said, err.replace("\n", " "))


def test_without_words_there_is_help(darkhar):
    code, out, _ = darkhar("fetch")
    assert code == 0
    assert "DARKHAR_OFFLINE=1 forbids downloads" in out
