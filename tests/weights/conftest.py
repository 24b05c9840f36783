"""A home of a test's own, where downloads are allowed (no test reaches a network: those who download are stand-ins)."""

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    for name in ("DARKHAR_OFFLINE", "DARKHAR_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "home"
