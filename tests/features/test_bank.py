"""The bank on disk: damage is seen, claims are exclusive, a killed writer leaves nothing that is believed."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.features import feature_cache
from darkhar_cli.features.feature_cache import FeatureCache
from darkhar_cli.features.feature_entry import Damaged, Entry, parse
from darkhar_cli.features.stored_caches import remove, stored

ABOUT = {"extractor": "fake", "weights": "1"}
NAME = "ab" * 32


def entry(n=3, width=4):
    rng = np.random.default_rng(n)
    return Entry(np.arange(n, dtype=np.int64) * 2, rng.normal(size=(n, width)).astype(np.float32))


def same(one, other):
    return np.array_equal(one.positions, other.positions) and np.array_equal(one.features, other.features)


@pytest.fixture
def bank(tmp_path):
    return FeatureCache(tmp_path / "features", ABOUT)


def test_what_is_written_is_read(bank):
    assert bank.read(NAME) is None
    bank.write(NAME, entry())
    assert same(bank.read(NAME), entry())
    assert not list(bank.folder.glob("*.part"))


def test_same_features_same_bytes(tmp_path):
    files = []
    for place in "ab":
        made = FeatureCache(tmp_path / place, ABOUT)
        made.write(NAME, entry())
        files.append(made.path(NAME).read_bytes())
    assert files[0] == files[1]


def test_every_flipped_byte_is_seen_or_harmless(bank):
    bank.write(NAME, entry())
    data = bank.path(NAME).read_bytes()
    seen = 0
    for at in range(len(data)):
        for mask in (0xFF, 0x01):
            broken = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
            try:
                assert same(parse(broken), entry()), f"byte {at} changed what is read"
            except Damaged:
                seen += 1
    assert seen > len(data)


def test_every_truncation_is_seen(bank):
    bank.write(NAME, entry())
    data = bank.path(NAME).read_bytes()
    for size in range(len(data)):
        with pytest.raises(Damaged):
            parse(data[:size])


@pytest.mark.parametrize(
    "arrays",
    [
        {"positions": np.arange(2), "features": np.zeros((3, 4), np.float32)},
        {"positions": np.arange(3), "features": np.zeros((3, 4), np.float64)},
        {"positions": np.arange(3.0), "features": np.zeros((3, 4), np.float32)},
        {"positions": np.arange(3), "features": np.zeros(3, np.float32)},
        {"positions": np.arange(3)},
        {"positions": np.arange(3), "features": np.array([{}, [], 1], dtype=object)},
    ],
)
def test_other_arrays_are_no_entry(tmp_path, arrays):
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(Damaged):
        parse((tmp_path / "other.npz").read_bytes())


def test_another_clips_entry_is_none(bank):
    other = "cd" * 32
    bank.write(NAME, entry())
    bank.write(other, entry(5))
    one, two = bank.path(NAME).read_bytes(), bank.path(other).read_bytes()
    bank.path(NAME).write_bytes(two)
    bank.path(other).write_bytes(one)
    for name in (NAME, other):
        with pytest.raises(Damaged, match="is not this clip's"):
            bank.read(name)


def test_an_archive_that_unpacks_to_more_or_holds_more_is_no_entry(tmp_path, bank):
    good = {"positions": np.arange(3), "features": np.zeros((3, 4), np.float32)}
    np.savez_compressed(tmp_path / "bomb.npz", **good | {"features": np.zeros((3, 1 << 16), np.float32)})
    with pytest.raises(Damaged, match="unpacks to more than it is"):
        parse((tmp_path / "bomb.npz").read_bytes())
    np.savez(tmp_path / "more.npz", **good, other=np.zeros(3))
    with pytest.raises(Damaged, match=r"holds features.npy, other.npy, positions.npy"):
        parse((tmp_path / "more.npz").read_bytes())
    bank.write(NAME, Entry(np.arange(3), np.full((3, 4), np.nan, np.float32)))
    with pytest.raises(Damaged, match="not finite"):
        bank.read(NAME)


def test_without_locks_a_claim_is_a_lease(bank, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(feature_cache.fcntl, "flock", refuse)
    claim = bank.claim(NAME)
    assert claim
    assert bank.claim(NAME) is None
    bank.write(NAME, entry())
    assert same(bank.read(NAME), entry())
    claim.release()
    again = bank.claim(NAME)
    assert again
    again.release()


def test_a_claim_is_exclusive_until_released(tmp_path, bank):
    other = FeatureCache(tmp_path / "features", ABOUT)
    claim = bank.claim(NAME)
    assert claim
    assert other.claim(NAME) is None
    assert bank.claim(NAME) is None
    free = other.claim("cd" * 32)
    assert free
    claim.release()
    claim.release()
    again = other.claim(NAME)
    assert again
    for one in (free, again):
        one.release()


def test_a_killed_writer_loses_its_claim_and_its_half_entry(tmp_path, bank):
    bank.write(NAME, entry())
    code = f"""
        import os, signal
        import numpy as np
        from darkhar_cli.features import feature_cache as banks, feature_entry as entries

        def die(file, **arrays):
            file.write(b"PK half of it"); file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

        entries.np.savez = die
        bank = banks.FeatureCache({str(tmp_path / "features")!r}, {ABOUT!r})
        claim = bank.claim({NAME!r})
        bank.write({NAME!r}, entries.Entry(np.arange(9), np.zeros((9, 4), np.float32)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert same(bank.read(NAME), entry()), "the old entry stands"
    claim = bank.claim(NAME)
    assert claim
    assert bank.take_leftover(NAME)
    assert not bank.take_leftover(NAME)
    claim.release()


def test_every_part_of_the_way_makes_another_bank(tmp_path):
    folders = {
        FeatureCache(tmp_path, ABOUT | change).folder for change in ({}, {"weights": "2"}, {"precision": "bfloat16"})
    }
    assert len(folders) == 3
    assert FeatureCache(tmp_path, dict(reversed(ABOUT.items()))).folder in folders


def test_a_place_that_cannot_be_written_is_named_with_the_setting(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FailedWork, match=r"cannot keep features in .*file.*cache_dir=DIR"):
        FeatureCache(tmp_path / "file", ABOUT)


def test_a_bank_pruned_while_in_use_is_made_again(tmp_path, bank):
    claim = bank.claim(NAME)
    bank.write(NAME, entry())
    (found,) = stored(tmp_path / "features")
    assert (found.entries, found.about["weights"]) == (1, "1")
    remove(found)
    assert stored(tmp_path / "features") == []
    assert bank.read(NAME) is None
    bank.write(NAME, entry())
    assert len(stored(tmp_path / "features")) == 1
    claim.release()
    assert [path.name for path in (tmp_path / "features").iterdir() if path.name.startswith(".")] == [".locks"]


@pytest.mark.parametrize("about", [None, "{not json", "[1]", '{"title": "x"}', '{"extractor": "my"}', "null", ""])
def test_folders_that_are_no_banks_are_left_alone(tmp_path, about):
    (tmp_path / "my-folder").mkdir()
    if about is not None:
        (tmp_path / "my-folder" / "about.json").write_text(about)
    assert stored(tmp_path) == []
    assert stored(tmp_path / "nowhere") == []


def test_only_a_banks_own_files_are_removed(tmp_path, bank):
    bank.write(NAME, entry())
    (bank.folder / "notes.txt").write_text("mine")
    remove(stored(tmp_path / "features")[0])
    assert [path.name for path in bank.folder.iterdir()] == ["notes.txt"]
    assert stored(tmp_path / "features") == []


@pytest.mark.parametrize("damage", ["", "{}", '{"extractor": "fake"}'])
def test_a_damaged_description_is_mended(tmp_path, bank, damage):
    bank.write(NAME, entry())
    (bank.folder / "about.json").write_text(damage)
    assert stored(tmp_path / "features") == []
    FeatureCache(tmp_path / "features", ABOUT)
    assert [one.entries for one in stored(tmp_path / "features")] == [1]


def test_a_claim_outlives_a_pruned_folder(tmp_path, bank):
    claim = bank.claim(NAME)
    remove(stored(tmp_path / "features")[0])
    assert FeatureCache(tmp_path / "features", ABOUT).claim(NAME) is None
    claim.release()


def test_pruning_and_listing_disturb_no_writer(tmp_path, bank):
    stop = threading.Event()

    def prune():
        while not stop.is_set():
            for one in stored(tmp_path / "features"):
                remove(one)

    threads = [threading.Thread(target=prune) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for i in range(300):
            claim = bank.claim(NAME)
            bank.write(NAME, entry(1 + i % 5))
            found = bank.read(NAME)
            assert found is None or same(found, entry(1 + i % 5))
            claim.release()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    bank.write(NAME, entry())
    assert same(bank.read(NAME), entry())
    assert len(stored(tmp_path / "features")) == 1


def test_what_cannot_be_read_is_not_called_damaged(bank):
    bank.path(NAME).mkdir()
    with pytest.raises(FailedWork, match="cannot read"):
        bank.read(NAME)
