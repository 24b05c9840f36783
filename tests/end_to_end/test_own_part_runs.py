"""A user's own enhancement in a run on features: its source is part of the keys, its code is never run unasked."""

import json

import pytest
from omegaconf import OmegaConf

import darkhar_cli as dk
from darkhar_cli import cli

LIFT = '''from darkhar_cli.registry import register


@register("enhance", "lift")
def lift(frames, by: float = 10.0):
    """Add a constant."""
    from keras import ops

    return ops.clip(frames + {factor} * by, 0.0, 255.0)
'''


def test_train_and_evaluate_with_an_own_part(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "lift.py"
    file.write_text(LIFT.format(factor=1))
    words = ["dataset.config=tiny", "cv.folds=2", "sampler.frames=2", "extractor=luma", "classifier=linear"]
    words += ["enhance=lift", "train.epochs=1", "cache_dir=cache"]
    first = dk.train(*words, plugins="lift.py")
    kept = list(OmegaConf.load(first.folder / "overrides.yaml"))
    assert kept[0] == f"plugins={file}"
    assert first.facts["code"][str(file)]
    said = capsys.readouterr().err
    monkeypatch.chdir("/")
    assert dk.train(*kept, f"hydra.run.dir={first.folder}").folder == first.folder
    assert f"already done: {first.folder}" in capsys.readouterr().err, "the kept words give the run again"
    monkeypatch.chdir(tmp_path)
    entries = {path for path in (tmp_path / "cache").rglob("*") if path.is_dir()}
    file.write_text(LIFT.format(factor=3))
    dk.train(*words, "fresh=true", plugins=["lift.py"], quiet=True)
    assert {path for path in (tmp_path / "cache").rglob("*") if path.is_dir()} > entries, said
    capsys.readouterr()
    file.write_text(LIFT.format(factor=1))
    assert cli.main(["evaluate", str(first.folder), "split=all"]) == 2
    assert "give plugins=" in capsys.readouterr().err
    assert cli.main(["evaluate", str(first.folder), "split=all", "plugins=lift.py"]) == 0
    (kept_there,) = (first.folder / "evaluations").glob("*/evaluation.json")
    assert json.loads(kept_there.read_text())["words"] == [f"plugins={file}", "split=all"]


def test_a_broken_file_is_refused_by_line(tmp_path, capsys):
    (tmp_path / "bad.py").write_text("x = 1\ndef (:\n")
    assert cli.main(["train", f"plugins={tmp_path / 'bad.py'}"]) == 2
    assert "bad.py, line 2: no Python" in capsys.readouterr().err
    with pytest.raises(dk.BadRequest, match="no such file"):
        dk.train(plugins=tmp_path / "none.py")
