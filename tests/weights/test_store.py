"""Where weights are searched, in which order, and which files are refused."""

import json

import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.weights import store
from darkhar_cli.weights.catalogue import CATALOGUE
from tests.helpers.published_weights import CONTENT, PINNED, source, weights

MOVENET, THUNDER = CATALOGUE[:2]


def put(folder, name, content=CONTENT):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_the_named_folder_comes_before_the_home(own_home, tmp_path, monkeypatch):
    assert store.present(weights()) is None
    kept = put(own_home / "models", "tiny_int8.tflite")
    assert store.present(weights()) == kept
    monkeypatch.setenv("DARKHAR_MODELS", str(tmp_path / "shelf"))
    assert store.present(weights()) == kept, "downloads are found wherever DARKHAR_MODELS points"
    own = put(tmp_path / "shelf", "my_tiny_net.tflite")
    assert store.present(weights()) == own


def test_a_home_directory_and_relative_folders_are_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DARKHAR_MODELS", "~/shelf")
    assert store.folders()[0] == tmp_path / "shelf"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARKHAR_MODELS", "shelf")
    assert store.folders()[0] == tmp_path / "shelf"


def test_published_names_come_first_and_converted_files_last(own_home):
    both = weights(source("kaggle"), source("npm", sha256=""))
    converted = put(own_home / "models", "tiny_float32.tflite")
    assert store.present(both) == converted
    other = put(own_home / "models", "a_tiny_net.tflite")
    assert store.present(both) == other
    put(own_home / "models", ".tiny_int8.tflite")
    (own_home / "models" / "tiny_int8.tflite").mkdir()
    assert store.present(both) == other, "neither a hidden file nor a folder"
    (own_home / "models" / "tiny_int8.tflite").rmdir()
    published = put(own_home / "models", "tiny_int8.tflite")
    assert store.present(both) == published


@pytest.mark.parametrize(
    ("name", "lightning"),
    [
        ("movenet.tflite", True),
        ("lite-model_MoveNet_singlepose_lightning_tflite_int8_4.tflite", True),
        ("movenet_singlepose_thunder_3.tflite", False),
        ("movenet_multipose_lightning.tflite", None),
        ("movenet.onnx", None),
    ],
)
def test_usual_names_of_movenet(name, lightning, tmp_path, monkeypatch):
    monkeypatch.setenv("DARKHAR_MODELS", str(tmp_path))
    path = put(tmp_path, name)
    assert store.present(MOVENET) == (path if lightning else None)
    assert store.present(THUNDER) == (path if lightning is False else None)


def test_kerass_own_downloads_are_taken_if_they_are_whole(tmp_path):
    net = weights(source("keras"))
    put(tmp_path / "keras" / "models", "tiny_notop.h5", CONTENT[:5])
    assert store.present(net) is None
    whole = put(tmp_path / "keras" / "models", "tiny_notop.h5")
    assert store.present(net) == whole


@pytest.mark.parametrize("pin", [{"sha256": PINNED}, {"sha256": "", "md5": "0" * 32}])
def test_another_file_under_a_published_name_is_refused(own_home, pin, monkeypatch, tmp_path):
    net = weights(source("keras", **pin))
    path = put(own_home / "models", "tiny_notop.h5", b"other")
    algorithm = "sha256" if pin["sha256"] else "md5"
    with pytest.raises(FailedWork, match=rf"not the published file: its {algorithm} is .* remove it and give `darkhar"):
        store.present(net)
    path.unlink()
    monkeypatch.setenv("DARKHAR_MODELS", str(tmp_path / "shelf"))
    put(tmp_path / "shelf", "tiny_notop.h5", b"other")
    with pytest.raises(FailedWork, match=r"or give extractor\.weights=.*shelf/tiny_notop\.h5 to use it as it is"):
        store.present(net)


def test_a_file_of_another_size_is_not_whole(own_home):
    net = weights(source("keras", sha256="", size=len(CONTENT)))
    put(own_home / "models", "tiny_notop.h5", CONTENT[:-1])
    with pytest.raises(
        FailedWork, match=f"is not the published file: it has {len(CONTENT) - 1} bytes, not {len(CONTENT)}"
    ):
        store.present(net)


def test_a_movenet_of_ones_own_is_taken_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKHAR_MODELS", str(tmp_path / "shelf"))
    own = put(tmp_path / "shelf", "movenet_lightning_int8.tflite", b"trained by hand")
    assert store.present(MOVENET) == own


def test_an_unpinned_file_that_changes_is_refused(own_home, tmp_path):
    net = weights(source("keras", sha256=""))
    target = own_home / "models" / "tiny_notop.h5"
    store.keep(net.sources[0], "MIT", put(own_home / "models", "aside"), target)
    record = store.record_of(target)
    assert (record.sha256, record.size, record.licence) == (PINNED, len(CONTENT), "MIT")
    assert record.source == "keras keras/tiny/1"
    assert store.present(net) == target
    target.write_bytes(b"changed")
    with pytest.raises(FailedWork, match=f"has changed since it was downloaded: its sha256 is .*, not {PINNED}"):
        store.present(net)
    with pytest.raises(FailedWork, match=r"gives has changed since the first download.* remove .*tiny_notop\.h5\.json"):
        store.refuse_unexpected(net.sources[0], put(tmp_path, "again", b"newer"), target)
    store.record_place(target).unlink()
    assert store.present(net) == target
    store.record_place(target).write_text(json.dumps({"file": "no record"}))
    assert store.record_of(target) is None
