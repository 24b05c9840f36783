"""Claims without locks: one holder, given back, free when its process is gone or it is not touched for long."""

import json
import os
import subprocess
import sys

import pytest

from darkhar_cli.features.feature_cache import FeatureCache
from darkhar_cli.files import claims, leases

ABOUT = {"extractor": "fake"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "one.lease"


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(leases, "_now", lambda: now[0])
    return now


def test_one_holds_it_until_it_is_given_back(file):
    first = leases.take(file)
    assert first
    assert leases.take(file) is None
    first.release()
    first.release()
    assert not file.exists()
    second = leases.take(file)
    first.release()  # no longer its own
    assert leases.take(file) is None
    second.release()


def test_a_dead_process_of_this_machine_holds_nothing(file):
    code = "import os, sys; from pathlib import Path; from darkhar_cli.files import leases\n"
    code += "leases.take(Path(sys.argv[1])); os._exit(0)"
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)
    assert file.exists()
    lease = leases.take(file)
    assert json.loads(file.read_text())["pid"] == os.getpid()
    lease.release()
    assert list(file.parent.iterdir()) == []


def test_another_machines_claim_counts_while_it_is_touched(file, clock):
    file.write_text(json.dumps({"machine": "another", "pid": 1}))
    for step in range(20):
        os.utime(file, (step, step))
        assert leases.take(file) is None
        clock[0] += 30
    clock[0] += 29
    assert leases.take(file) is None
    clock[0] += 3
    lease = leases.take(file)
    assert lease, "untouched for more than a minute"
    lease.release()


def test_of_two_that_find_it_abandoned_one_takes_it(file, clock):
    file.write_text("{}")
    assert leases.take(file) is None
    clock[0] += 61
    guard = file.with_name("one.lease.taking")
    guard.write_bytes(b"")  # another process is at it
    assert leases.take(file) is None
    guard.unlink()
    assert leases.take(file)


def test_holders_touch_their_claims(file, monkeypatch):
    lease = leases.take(file)
    os.utime(file, (1, 1))

    def sleep(_):
        if file.stat().st_mtime > 1:
            raise StopIteration

    monkeypatch.setattr(leases, "_sleep", sleep)
    with pytest.raises(StopIteration):
        leases._touch_all()
    assert file.stat().st_mtime > 1
    lease.release()


@pytest.mark.parametrize("why", ["no locks", "as asked"])
def test_a_bank_fills_without_locks(tmp_path, monkeypatch, why):
    if why == "as asked":
        monkeypatch.setenv("DARKHAR_LOCKS", "leases")
    else:
        monkeypatch.setattr("fcntl.flock", lambda *_: (_ for _ in ()).throw(OSError(claims.NO_LOCKS[0], "none")))
    bank, other = (FeatureCache(tmp_path, ABOUT) for _ in range(2))
    claim = bank.claim("ab" * 32)
    assert isinstance(claim, leases.Lease)
    assert other.claim("ab" * 32) is None
    claim.release()
    again = other.claim("ab" * 32)
    assert again
    again.release()
    assert not list((tmp_path / ".locks").rglob("*.lease"))
