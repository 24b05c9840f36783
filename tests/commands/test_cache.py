"""`darkhar cache`: shows what features take up, removes what is asked for and nothing else."""

import os
import time

import numpy as np
import pytest

from darkhar_cli.features.feature_cache import FeatureCache
from darkhar_cli.features.feature_entry import Entry
from darkhar_cli.features.stored_caches import stored
from darkhar_cli.files import asides


@pytest.fixture
def banks(tmp_path, monkeypatch):
    """Three banks: mobilenet with two chains, one of them old, and movenet."""
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path / "home"))
    root = tmp_path / "home" / "features"
    ways = [("mobilenet", ["none"], "openvino"), ("mobilenet", ["gamma", "histeq"], "openvino")]
    for name, chain, runtime in [*ways, ("movenet", ["none"], "litert")]:
        about = {"extractor": name, "enhance": [[one, {}, "x"] for one in chain], "size": [32, 32]}
        bank = FeatureCache(root, {**about, "runtime": runtime, "precision": "float32"})
        bank.write("ab" * 32, Entry(np.arange(50), np.zeros((50, 30), np.float32)))
        if chain == ["gamma", "histeq"]:
            old = time.time() - 40 * 86400
            os.utime(bank.folder / "about.json", (old, old))
    return root


def names(root):
    return sorted((one.about["extractor"], "+".join(n for n, *_ in one.about["enhance"])) for one in stored(root))


def test_sizes_are_shown_by_part(darkhar, banks):
    code, out, _ = darkhar("cache")
    assert code == 0
    assert str(banks) in out.replace("\n", "")
    lines = [line.split() for line in out.splitlines()]
    assert ["mobilenet", "gamma+histeq", "32x32", "openvino", "float32", "1"] in [line[:6] for line in lines]
    assert [line[1] for line in lines if line[:1] == ["all"]] == ["3"]
    assert "6.9 kB" in out.split("movenet")[1]
    assert "20.8 kB" in out
    assert len(stored(banks)) == 3


def test_some_are_shown_by_part(darkhar, banks):
    _, out, _ = darkhar("cache", "extractor=movenet")
    assert "movenet" in out
    assert "mobilenet" not in out


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (("older=30",), [("mobilenet", "none"), ("movenet", "none")]),
        (("older=60",), [("mobilenet", "gamma+histeq"), ("mobilenet", "none"), ("movenet", "none")]),
        (("extractor=mobilenet",), [("movenet", "none")]),
        (("extractor=mobilenet", "enhance=none"), [("mobilenet", "gamma+histeq"), ("movenet", "none")]),
        (("runtime=litert",), [("mobilenet", "gamma+histeq"), ("mobilenet", "none")]),
        (("all=true",), []),
    ],
)
def test_what_is_asked_for_is_pruned_and_nothing_else(darkhar, banks, words, left):
    code, out, _ = darkhar("cache", "prune", *words)
    assert code == 0
    assert f"{3 - len(left)} removed" in out
    assert names(banks) == left


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prune",), "say what to prune: extractor=..., .*all=true"),
        (("prune", "cache_dir=."), "say what to prune"),
        (("prun",), "cache does not know 'prun'.*did you mean 'prune'"),
        (("prune", "extracto=mobilenet"), "did you mean 'extractor'"),
        (("prune", "older=soon"), "older='soon': allowed is a number of days"),
        (("prune", "all=yes"), "all='yes': allowed is true"),
        (("cache_dir=nowhere",), "nowhere: no such folder"),
        (("prune", "all=true", "cache_dir="), "cache_dir= is empty"),
        (("prune", "older=²"), "allowed is a number of days"),
        (("prune", "extractor=mobilnet"), "unknown extractor in .*did you mean 'mobilenet'"),
    ],
)
def test_wrong_words_remove_nothing(darkhar, banks, words, message):
    import re

    code, _, errors = darkhar("cache", *words)
    assert code == 2
    assert re.search(message, errors)
    assert len(stored(banks)) == 3


def test_another_place_is_shown(darkhar, banks, tmp_path):
    FeatureCache(tmp_path / "elsewhere", {"extractor": "odd", "enhance": [["none", {}, ""]], "size": "native"})
    _, out, _ = darkhar("cache", f"cache_dir={tmp_path / 'elsewhere'}")
    assert "odd" in out
    assert "native" in out
    assert "mobilenet" not in out


def test_help_is_given(darkhar):
    code, out, _ = darkhar("cache", "--help")
    assert code == 0
    assert "darkhar cache prune" in out


def test_what_dead_processes_left_is_shown_and_pruned(darkhar, tmp_path, monkeypatch):
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "dark_synth"
    left = folder / f".abc.{asides.machine()}-{os.getpid()}-00000000-0.part"  # our number, given out again
    left.mkdir(parents=True)
    (left / "records").write_bytes(b"0" * 2000)
    mine = asides.beside(folder / "def")
    mine.mkdir()
    code, _, err = darkhar("cache")
    assert code == 0
    assert "left by processes that have ended: 1, 2.0 kB; prune leftovers=true removes them" in err
    code, out, _ = darkhar("cache", "prune", "leftovers=true")
    assert code == 0
    assert "1 removed, 2.0 kB freed" in out
    assert list(folder.iterdir()) == [mine], "another's work goes on"
    assert "allowed is true" in darkhar("cache", "prune", "leftovers=no")[2]
