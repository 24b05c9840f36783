"""Downloads: once, whole or not at all, from the next source where one fails, and never where they are forbidden."""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from darkhar_cli import console
from darkhar_cli.errors import FailedWork
from darkhar_cli.weights import downloads, fetching, npm, store
from tests.helpers.published_weights import CONTENT, PINNED, give_kaggle, give_keras, source, weights


def left_in(home):
    return sorted(path.name for path in (home / "models").iterdir())


def test_what_is_here_is_not_downloaded(own_home, monkeypatch):
    asked = give_kaggle(monkeypatch)
    first = fetching.ensure(weights())
    assert first == own_home / "models" / "tiny_int8.tflite"
    assert first.read_bytes() == CONTENT
    assert fetching.ensure(weights()) == first
    assert asked == ["kaggle/tiny/1"]
    assert left_in(own_home) == ["tiny_int8.tflite", "tiny_int8.tflite.json"]


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_is_no_result_and_looks_the_same_whoever_downloads(monkeypatch, capsys, quiet):
    def slow(handle, output_dir):
        print("Keras's or tqdm's own", file=sys.stdout)
        print("Keras's or tqdm's own", file=sys.stderr)
        part = Path(output_dir, "part")
        for megabytes in (1, 3):
            part.write_bytes(bytes(megabytes * 1_000_000))
            time.sleep(0.1)
        part.rename(Path(output_dir, "4.tflite"))

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(model_download=slow))
    monkeypatch.setattr(downloads, "_LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(console.PlainProgress, "EVERY_S", 0.0)
    monkeypatch.setitem(console._state, "quiet", quiet)
    fetching.fetch(weights(source("kaggle", sha256="", size=3_000_000)))
    out, err = capsys.readouterr()
    assert (out, "tqdm" in err) == ("", False)
    for part in (
        "downloading Tiny Net (Apache-2.0, 3.0 MB) from kaggle: kaggle/tiny/1",
        "tiny_int8.tflite, MB: 1/3",
        "kept as",
    ):
        assert (part in err) is not quiet
    console.err.print("afterwards")
    assert capsys.readouterr().err == "afterwards\n"


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_nothing_is_downloaded_where_that_is_forbidden(own_home, monkeypatch, value):
    asked = give_kaggle(monkeypatch)
    monkeypatch.setenv("DARKHAR_OFFLINE", value)
    with pytest.raises(FailedWork) as failure:
        fetching.ensure(weights())
    said = str(failure.value)
    assert f"cannot download tiny_int8.tflite (DARKHAR_OFFLINE={value} forbids downloads)" in said
    for part in ("`darkhar fetch tiny`", "https://example.org/kaggle/tiny", str(own_home / "models"), "DARKHAR_MODELS"):
        assert part in said
    assert "extractor.weights=<path to tiny_int8.tflite>" in said
    assert not asked
    assert not own_home.exists()


@pytest.mark.parametrize("value", ["", "0", "False", "no"])
def test_a_switch_that_is_off_forbids_nothing(monkeypatch, value):
    give_kaggle(monkeypatch)
    monkeypatch.setenv("DARKHAR_OFFLINE", value)
    assert fetching.ensure(weights()).is_file()


def test_the_next_source_is_taken_where_one_cannot_be_reached(own_home, monkeypatch, capsys):
    give_kaggle(monkeypatch, problem=OSError("no route"))

    def pack(one, folder):
        (folder / one.file).write_bytes(b"converted")
        return folder / one.file

    monkeypatch.setattr(npm, "download", pack)
    both = weights(source("kaggle"), source("npm", sha256=""))
    assert fetching.ensure(both).name == "tiny_float32.tflite"
    assert "not to be had from kaggle: no route\ndownloading Tiny Net (Apache-2.0) from npm" in capsys.readouterr().err
    assert fetching.ensure(both).read_bytes() == b"converted"
    give_kaggle(monkeypatch)
    assert fetching.fetch(both, "kaggle").name == "tiny_int8.tflite"
    assert fetching.ensure(both).name == "tiny_int8.tflite", "the published file is better than the converted one"
    assert left_in(own_home)[0] == "tiny_float32.tflite"


def test_where_no_source_can_be_reached_each_says_why(monkeypatch):
    give_kaggle(monkeypatch, problem=OSError("no route"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FailedWork, match=r"cannot download tiny_int8\.tflite \(kaggle: no route; npm: npm is not inst"):
        fetching.ensure(weights(source("kaggle"), replace(source("npm", sha256=""), address="@vladmandic/human@3.3.6")))


def test_a_download_that_is_not_the_published_file_is_not_kept(own_home, monkeypatch):
    give_kaggle(monkeypatch, content=b"another file")
    with pytest.raises(
        FailedWork, match=f"what kaggle/tiny/1 gives is not the published file.* not {PINNED}; it was not"
    ):
        fetching.ensure(weights(source("kaggle"), source("npm")))
    assert left_in(own_home) == []


def test_the_first_download_of_an_unpinned_file_pins_it(own_home, monkeypatch):
    net = weights(source("keras", sha256=""))
    give_keras(monkeypatch)
    fetching.ensure(net).unlink()
    give_keras(monkeypatch, content=b"changed at its source")
    with pytest.raises(FailedWork, match="has changed since the first download"):
        fetching.ensure(net)
    give_keras(monkeypatch)
    assert fetching.ensure(net).read_bytes() == CONTENT
    assert store.record_of(own_home / "models" / "tiny_notop.h5").sha256 == PINNED


def test_a_download_that_breaks_off_leaves_nothing(own_home, monkeypatch):
    def broken(one, folder):
        (folder / "half").write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "download", broken)
    with pytest.raises(KeyboardInterrupt):
        fetching.ensure(weights())
    assert left_in(own_home) == []


def test_several_at_once_download_once(monkeypatch):
    calls = []

    def slow(one, folder):
        calls.append(folder)
        time.sleep(0.3)
        (folder / one.file).write_bytes(CONTENT)
        return folder / one.file

    monkeypatch.setattr(fetching, "download", slow)
    paths = []
    workers = [threading.Thread(target=lambda: paths.append(fetching.ensure(weights()))) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(calls) == 1
    assert len(set(paths)) == 1


def test_a_place_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path / "file"))
    give_kaggle(monkeypatch)
    with pytest.raises(FailedWork, match=r"cannot write to .*models.*DARKHAR_HOME=DIR"):
        fetching.fetch(weights())


def test_a_model_without_its_one_file_is_no_model(monkeypatch):
    def empty(handle, output_dir):
        return output_dir

    give_kaggle(monkeypatch)
    monkeypatch.setattr("kagglehub.model_download", empty, raising=False)
    with pytest.raises(FailedWork, match="kaggle/tiny/1 holds 0 TFLite files, not one"):
        fetching.fetch(weights())


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            "HTTPSConnectionPool(host='api.kaggle.com', port=443): Max retries exceeded with url: /v1 (Caused by "
            "NameResolutionError(\"HTTPSConnection(host='api.kaggle.com', port=443): Failed to resolve "
            "'api.kaggle.com' ([Errno -2] Name or service not known)\"))",
            "Failed to resolve 'api.kaggle.com' ([Errno -2] Name or service not known)",
        ),
        ("URL fetch failure on https://a/b.h5: None -- [Errno 101] unreachable", "[Errno 101] unreachable"),
        ("404 Client Error.\nResource not found", "404 Client Error. Resource not found"),
        ("", "Exception"),
    ],
)
def test_a_failed_request_is_told_in_few_words(problem, said):
    assert downloads._reason(Exception(problem)) == said
