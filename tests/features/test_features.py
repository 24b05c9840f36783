"""Features from the bank: each computed once by anyone, the same bits in any order, damage mended and told."""

import json
import os
import re
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.features.cached_features import CachedFeatures
from darkhar_cli.features.feature_cache import FeatureCache
from darkhar_cli.features.feature_entry import Entry
from darkhar_cli.features.prefetch import Engine
from darkhar_cli.features.units import Unit
from tests.conftest import ROOT
from tests.helpers.extracted_clips import TABLE, Work


@pytest.fixture
def make(tmp_path):
    """Make inputs on one bank (or another, `place=`), with the work they do and what they report."""

    def inputs(place="bank", unit=Unit.FRAME, **kwargs):
        work, told = Work(), []
        bank = FeatureCache(tmp_path / place, {"extractor": "fake", "unit": unit.value})
        made = CachedFeatures(TABLE, bank, work.prepare, Engine(work.run, 4, 2), unit, told.append, **kwargs)
        return made, work, told

    return inputs


def expected(row, positions):
    return np.stack([100 * row + np.asarray(positions), -100 * row - np.asarray(positions)], axis=1)


def load(inputs, *requests):
    return inputs.load([row for row, _ in requests], [np.array(positions) for _, positions in requests])


def test_only_what_is_missing_is_computed(make):
    inputs, work, told = make()
    batch, mask = load(inputs, (1, [0, 3, 3, 8]), (0, [2, 5]))
    np.testing.assert_array_equal(batch[0], expected(1, [0, 3, 3, 8]))
    np.testing.assert_array_equal(batch[1, :2], expected(0, [2, 5]))
    assert mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert work.frames == inputs.computed == 5
    load(inputs, (1, [0, 4, 8]))
    assert inputs.computed == 6
    assert inputs.missing([(1, np.array([4, 5, 6]))]) == 2
    assert not told


def test_another_job_computes_nothing_again(make):
    first, _, _ = make()
    load(first, (1, [0, 3, 8]), (3, [1, 29]))
    second, work, _ = make()
    load(second, (3, [1]), (1, [3, 8]))
    assert work.frames == second.computed == 0
    assert second.reused == 3
    load(second, (3, [1, 2]))
    assert (second.computed, second.reused) == (1, 3)


def test_bits_do_not_depend_on_the_order_of_filling(make):
    one, _, _ = make("one")
    load(one, (0, range(9)), (1, range(12)))
    other, _, _ = make("other")
    for row, start in ((1, 7), (0, 4), (1, 0), (0, 0), (1, 4)):
        load(other, (row, range(start, min(start + 5, TABLE["n_frames"][row]))))
    for name in TABLE["digest"][:2]:
        assert one.bank.path(name).read_bytes() == other.bank.path(name).read_bytes()


def test_memory_for_nothing_gives_the_same(make):
    inputs, _, _ = make(keep_bytes=0)
    for _ in range(2):
        batch, _ = load(inputs, (0, [1, 2]), (1, [3, 4]), (2, [5, 6]))
        np.testing.assert_array_equal(batch, [expected(0, [1, 2]), expected(1, [3, 4]), expected(2, [5, 6])])
    assert inputs.computed == 6


@pytest.mark.parametrize("how", ["flipped", "truncated", "empty", "no archive"])
def test_damage_is_told_once_and_mended(make, how):
    first, _, _ = make()
    load(first, (0, range(9)), (1, range(12)))
    path = first.bank.path(TABLE["digest"][0])
    data = path.read_bytes()
    middle = len(data) // 2
    damaged = {
        "flipped": data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :],
        "truncated": data[:-30],
        "empty": b"",
        "no archive": b"something else",
    }
    path.write_bytes(damaged[how])
    second, work, told = make()
    batch, _ = load(second, (0, [2, 5, 8]), (1, [2, 5, 8]))
    np.testing.assert_array_equal(batch, [expected(0, [2, 5, 8]), expected(1, [2, 5, 8])])
    assert work.frames == 3
    assert len(told) == 1
    assert path.name in told[0]
    assert "damaged" in told[0]
    load(second, (0, range(9)))
    assert path.read_bytes() == data, "mended to the same bytes"


@pytest.mark.parametrize(
    ("positions", "width", "said"),
    [
        ([0, 5, 2], 2, "its frames are out of order"),
        ([0, 2, 2], 2, "its frames are out of order"),
        ([0, 2, 9], 2, r"has frames that the clip has not \(0 to 9\)"),
        ([-1, 0, 2], 2, r"has frames that the clip has not \(-1 to 2\)"),
        ([0, 1, 2], 3, "has 3 features a frame, and the extractor 2"),
    ],
)
def test_an_entry_that_cannot_be_this_clips_is_computed_again(make, positions, width, said):
    inputs, work, told = make(width=2)
    crafted = Entry(np.array(positions, np.int64), np.ones((3, width), np.float32))
    inputs.bank.write(TABLE["digest"][0], crafted)
    np.testing.assert_array_equal(load(inputs, (0, [0, 2]))[0][0], expected(0, [0, 2]))
    assert work.frames == 2
    assert len(told) == 1
    assert re.search(said, told[0])


def test_what_is_damaged_or_pruned_between_two_loads_is_mended_too(make):
    inputs, _, told = make(keep_bytes=0)
    load(inputs, (0, [1, 2]), (1, [1]))
    inputs.bank.path(TABLE["digest"][0]).write_bytes(b"gone wrong")
    batch, _ = load(inputs, (0, [1, 2]))
    np.testing.assert_array_equal(batch[0], expected(0, [1, 2]))
    assert len(told) == 1
    load(inputs, (1, [1]))
    inputs.bank.path(TABLE["digest"][0]).unlink()
    np.testing.assert_array_equal(load(inputs, (0, [1, 2]))[0][0], expected(0, [1, 2]))


def test_half_written_entries_are_told_and_made_again(make):
    inputs, _, told = make()
    (inputs.bank.folder / f"{TABLE['digest'][0]}.part").write_bytes(b"PK half")
    load(inputs, (0, [1]))
    assert len(told) == 1
    assert "half-written" in told[0]
    assert not list(inputs.bank.folder.glob("*.part"))


def test_one_file_under_two_ids_is_computed_once(tmp_path):
    work = Work()
    table = TABLE.assign(digest=TABLE["digest"][0])
    bank = FeatureCache(tmp_path, {"extractor": "fake"})
    inputs = CachedFeatures(table, bank, lambda row, p: work.prepare(0, p), Engine(work.run, 4))
    batch, _ = load(inputs, (0, [1, 2]), (3, [1, 2]))
    np.testing.assert_array_equal(batch[0], batch[1])
    assert inputs.computed == 2


def test_features_that_are_not_finite_are_refused_with_the_clips_name(tmp_path):
    bank = FeatureCache(tmp_path, {"extractor": "fake"})
    engine = Engine(lambda frames: np.full((len(frames), 2), np.inf), 4)
    inputs = CachedFeatures(TABLE, bank, Work().prepare, engine)
    with pytest.raises(FailedWork, match="clip 2: features are not finite"):
        load(inputs, (2, [0]))
    assert bank.read(TABLE["digest"][2]) is None
    claim = bank.claim(TABLE["digest"][2])
    assert claim, "a failure gives its claims back"
    claim.release()


def test_a_second_damage_of_an_entry_is_told_too(make):
    inputs, _, told = make(keep_bytes=0)
    load(inputs, (0, [1, 2]), (1, [1]))
    for times in (1, 2):
        inputs.bank.path(TABLE["digest"][0]).write_bytes(b"gone wrong")
        load(inputs, (0, [1, 2]), (1, [1]))
        assert len(told) == times


def test_an_extractor_that_loses_frames_is_an_error_not_a_loop(tmp_path):
    bank = FeatureCache(tmp_path, {"extractor": "fake"})
    inputs = CachedFeatures(TABLE, bank, Work().prepare, Engine(lambda frames: frames[1:, 0, 0]), Unit.CLIP)
    with pytest.raises(FailedWork, match=r"clip 1: the extractor gave \(11, 3\) for 12 frames"):
        load(inputs, (1, [0]))


def test_an_entry_that_never_can_be_read_is_an_error_not_a_loop(make, monkeypatch):
    inputs, _, _ = make()
    monkeypatch.setattr(inputs.bank, "read", lambda name: None)
    with pytest.raises(FailedWork, match="cannot be read again"):
        load(inputs, (1, [0]))


def test_many_frames_of_a_clip_are_prepared_a_few_at_a_time(make):
    whole, _, _ = make("whole")
    load(whole, (3, range(30)))
    parts, work, _ = make("parts", at_a_time=8)
    sizes, prepare = [], work.prepare
    parts._prepare = lambda row, positions: sizes.append(len(positions)) or prepare(row, positions)
    load(parts, (3, range(30)), (0, range(9)))
    assert sorted(sizes) == [1, 6, 8, 8, 8, 8]
    name = TABLE["digest"][3]
    assert parts.bank.path(name).read_bytes() == whole.bank.path(name).read_bytes()
    assert parts.computed == 39


def test_waiting_for_another_process_is_told(make, monkeypatch):
    monkeypatch.setattr("darkhar_cli.features.cached_features._WAIT_S", 0.001)
    inputs, _, told = make()
    claim = inputs.bank.claim(TABLE["digest"][0])
    release = threading.Timer(0.5, claim.release)
    release.start()
    load(inputs, (0, [1]))
    assert len(told) == 1
    assert "waiting for another process" in told[0]


class Shuffling(Work):
    """What looks at more than a frame: features depend on which frames it was given together."""

    def run(self, frames):
        self.frames += len(frames)
        return np.stack([frames[:, 0, 0, 0], np.full(len(frames), frames.sum())], axis=1)


def test_a_clips_sampled_frames_are_kept_together_where_the_enhancement_looks_at_them_all(tmp_path):
    work = Shuffling()
    bank = FeatureCache(tmp_path, {"extractor": "fake"})
    inputs = CachedFeatures(TABLE, bank, work.prepare, Engine(work.run), Unit.SAMPLE)
    first, _ = load(inputs, (1, [0, 3, 3, 8]))
    second, _ = load(inputs, (1, [0, 3, 8]))
    assert first[0, 0, 1] != second[0, 0, 1]
    assert inputs.computed == 7
    np.testing.assert_array_equal(load(inputs, (1, [0, 3, 3, 8]))[0], first)
    assert inputs.computed == 7


def test_a_whole_clip_is_computed_where_the_extractor_looks_at_it(tmp_path):
    work = Shuffling()
    bank = FeatureCache(tmp_path, {"extractor": "fake"})
    inputs = CachedFeatures(TABLE, bank, work.prepare, Engine(work.run), Unit.CLIP)
    first, _ = load(inputs, (1, [0, 3, 8]))
    second, _ = load(inputs, (1, [4, 4, 11]))
    assert inputs.computed == 12
    np.testing.assert_array_equal(first[0, :, 0], [100, 103, 108])
    np.testing.assert_array_equal(second[0, :, 0], [104, 104, 111])
    assert len(np.unique(first[0, :, 1])) == 1


def test_eight_processes_fill_one_bank_and_none_works_twice(tmp_path):
    code = f"""
        import json, sys, time
        import numpy as np
        from tests.helpers.extracted_clips import TABLE, Work
        import pandas as pd
        from darkhar_cli.features.feature_cache import FeatureCache
        from darkhar_cli.features.feature_entry import Entry
        from darkhar_cli.features.cached_features import CachedFeatures
        from darkhar_cli.features.prefetch import Engine

        number = int(sys.argv[1])
        table = pd.concat([TABLE] * 10, ignore_index=True)
        table["digest"] = [f"{{i:064x}}"[::-1] for i in range(40)]
        work = Work()
        run = lambda frames: time.sleep(0.001) or work.run(frames)
        bank = FeatureCache({str(tmp_path)!r}, {{"extractor": "fake"}})
        inputs = CachedFeatures(table, bank, work.prepare, Engine(run, 4, 2))
        rng = np.random.default_rng(number)
        for step in range(3):
            rows = rng.permutation(40).tolist()
            positions = [np.sort(rng.choice(table["n_frames"][row], 5, replace=False)) for row in rows]
            batch, _ = inputs.load(rows, positions)
            for row, picked, features in zip(rows, positions, batch):
                assert np.array_equal(features[:, 0], 100 * row + picked)
        print(json.dumps([inputs.computed, work.frames, inputs.reused]))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([*command, str(i)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for i in range(8)
    ]
    counts = []
    for process in running:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        counts.append(json.loads(out))
    bank = FeatureCache(tmp_path, {"extractor": "fake"})
    kept = sum(len(bank.read(path.stem).positions) for path in bank.folder.glob("*.npz"))
    assert sum(computed for computed, _, _ in counts) == kept
    assert sum(worked for _, worked, _ in counts) == kept
    assert sum(computed > 0 for computed, _, _ in counts) >= 2, "the work is shared"
