"""`darkhar export`: every format gives the run's probabilities, or says why it cannot."""

import importlib.util
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml

import darkhar_cli as dk
from darkhar_cli.data.loose_clips import clip_of_bytes
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.export import checking, exporting
from darkhar_cli.export.exporting import Wanted, export
from darkhar_cli.export.reference import Pipeline
from tests.conftest import TINY
from tests.helpers.evaluated_runs import P, said
from tests.helpers.exported_runs import made

HERE = {name: importlib.util.find_spec(name) for name in ("tf2onnx", "nncf")}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A run that learns from frames: three folds of conv_small and an LSTM."""
    return made(tmp_path_factory.mktemp("run"), *TINY, "enhance=gamma")


def clips_of(tiny, name="right"):
    return sorted((tiny.folder.parent / "clips" / "train" / name).glob("*.mp4"))


@pytest.fixture(scope="module")
def expected(tiny):
    """The run's probabilities of some clips, by file."""
    files = [*clips_of(tiny)[:2], *clips_of(tiny, "stay")[:1]]
    table = dk.load_run(tiny.folder).predictor().predict(*files)
    return dict(zip(files, table[P].to_numpy(), strict=True))


def same(place, expected, within=1e-3):
    pipeline = Pipeline(place)
    for file, p in expected.items():
        found = pipeline.probabilities(clip_of_bytes(file.name, file.read_bytes()))
        np.testing.assert_allclose(found, p, atol=within, rtol=0)


@pytest.mark.parametrize("name", ["keras", "savedmodel", "onnx", "openvino", "litert"])
def test_a_format_gives_the_runs_probabilities(name, tiny, expected, tmp_path, capsys):
    if name == "onnx" and not HERE["tf2onnx"]:
        pytest.skip("tf2onnx is not installed")
    place = export(tiny.run, Wanted(name, output=tmp_path / "made", clips=2))
    told = said(capsys.readouterr().err)
    assert "largest difference from the run's predictions" in told
    assert "ms a clip" in told
    same(place, expected)
    about = json.loads((place / "pipeline.json").read_text())
    assert about["takes"] == ("picked frames" if name == "litert" else "clips")
    assert about["models"] == "3 folds, averaged"
    assert [path.name for path in place.parent.iterdir()] == ["made"]
    _, head, text = (place / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(head)["pipeline_tag"] == "video-classification"
    assert "## How well it does" in text
    assert str(tiny.folder.parent) not in text, "no path of this machine"


def test_int8_says_what_it_costs(tiny, expected, tmp_path, capsys):
    place = export(tiny.run, Wanted("litert", int8=True, output=tmp_path / "made", clips=6))
    assert "of 6 validation clips right" in said(capsys.readouterr().err)
    same(place, expected, within=0.1)


def test_a_target_is_replaced_only_where_that_is_asked_for(tiny, tmp_path, monkeypatch):
    place = tmp_path / "made"
    place.mkdir()
    (place / "mine.txt").write_text("kept")
    with pytest.raises(BadRequest, match=r"is there already; give overwrite=true"):
        export(tiny.run, Wanted("keras", output=place))
    monkeypatch.setattr(checking, "LARGEST", -1.0)
    with pytest.raises(FailedWork, match=r"does not give the run's predictions: probabilities differ by up to"):
        export(tiny.run, Wanted("keras", output=place, overwrite=True, clips=1))
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "mine.txt"], "nothing else is left, nothing lost"
    monkeypatch.undo()
    export(tiny.run, Wanted("keras", output=place, overwrite=True, clips=1))
    assert {path.name for path in place.iterdir()} == {"model.keras", "pipeline.json", "predict.py", "README.md"}


def test_a_sampler_that_draws_by_content_stays_outside(tmp_path):
    run = made(tmp_path, *TINY, "sampler=random")
    place = export(run.run, Wanted("savedmodel", clips=3))
    assert json.loads((place / "pipeline.json").read_text())["takes"] == "picked frames"


def test_features_on_the_host_are_a_bundle_with_code_that_runs_alone(tmp_path):
    words = ["extractor=motion", "classifier=tcn", "sampler=rate", "sampler.steps=null", "classifier.channels=all"]
    run = made(tmp_path, *words)
    place = export(run.run, Wanted("openvino", clips=3))
    assert json.loads((place / "pipeline.json").read_text())["takes"] == "features"
    moved = shutil.copytree(place, tmp_path / "elsewhere")
    clip = clips_of(run)[0]
    answer = subprocess.run(
        [sys.executable, "-m", "predict", clip], cwd=moved, capture_output=True, text=True, check=True
    )
    table = dk.load_run(run.folder).predictor().predict(clip)
    best = table["label"][0]
    assert answer.stdout.startswith(f"{clip}: {best} {table[f'p_{best}'][0]:.3f}"[:-1])


def test_what_cannot_be_exported_is_refused(darkhar, tiny, monkeypatch):
    cases = [
        ([], "export needs format=; choose from keras, savedmodel, onnx, openvino, litert"),
        (["format=onx"], "unknown format 'onx'; choose from keras, litert, onnx, openvino, savedmodel; did you mean"),
        (["format=keras", "quantize=int4"], "unknown quantize 'int4'"),
        (["format=keras", "quantize=int8"], "format=keras has no quantize=int8 here; use one of format=openvino"),
        (["format=keras", "overwrite=yes"], "overwrite=yes: allowed are true and false"),
        (["format=litert", "size=big"], "size=big: allowed is HEIGHTxWIDTH in pixels"),
        (["format=litert", "size=7x7"], "size=7x7: no clip of the run has frames of this size"),
        (["format=keras", "clips=0"], "clips=0: allowed is a whole number from 1"),
        (["format=keras", "tiles=1"], "export does not know 'tiles=1'; it takes a run folder, format="),
    ]
    for words, problem in cases:
        code, _, err = darkhar("export", tiny.folder, *words)
        assert code == 2, words
        assert problem in said(err)
    monkeypatch.setattr("darkhar_cli.export.contract.util.find_spec", lambda name: None)
    code, _, err = darkhar("export", tiny.folder, "format=onnx")
    assert code == 2
    assert "format=onnx needs tf2onnx, which is not installed: pip install 'darkhar[export]'" in said(err)


def test_a_converter_that_fails_says_what_to_use(tiny, tmp_path, monkeypatch):
    def broken(*_):
        raise ValueError("no kernel\nfor it")

    kind = exporting.format_of("openvino", False)
    monkeypatch.setattr(exporting, "format_of", lambda *_: type(kind)(**{**kind.__dict__, "write": broken}))
    with pytest.raises(
        FailedWork, match=r"format=openvino cannot express this model \(no kernel for it\); use format="
    ):
        export(tiny.run, Wanted("openvino", output=tmp_path / "made", clips=1))
    assert not list(tmp_path.iterdir())
