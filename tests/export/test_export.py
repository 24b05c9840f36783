"""`darkhar export`: every format gives the run's probabilities, or says why it cannot."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import yaml

import darkhar_cli as dk
from darkhar_cli.data.loose_clips import clip_of_bytes
from darkhar_cli.data.video import read_frames
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.export import checking, exporting
from darkhar_cli.export.exporting import Wanted, export
from darkhar_cli.export.reference import Pipeline, main
from darkhar_cli.models.layers import EnhanceFrames
from darkhar_cli.runs.run_folder import Run
from tests.conftest import TINY
from tests.helpers.evaluated_runs import P, said
from tests.helpers.exported_runs import made
from tests.helpers.pages import blocks

HERE = {name: importlib.util.find_spec(name) for name in ("tf2onnx", "onnxruntime", "nncf")}


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
def test_a_format_gives_the_runs_probabilities(name, tiny, expected, tmp_path, capsys, monkeypatch):
    if name == "onnx" and not HERE["tf2onnx"]:
        pytest.skip("tf2onnx is not installed")
    place = export(tiny.run, Wanted(name, output=tmp_path / "made", clips=2))
    told = said(capsys.readouterr().err)
    assert "largest difference from the run's predictions" in told
    assert re.search(r"\d\.\d\d MB; a clip takes [\d.]+ ms in the model, \d+ ms in all", told)
    assert not any(sign in told for sign in ("INFO", "WARNING", "tf.function")), "converters are silent"
    same(place, expected)
    about = json.loads((place / "pipeline.json").read_text())
    assert about["takes"] == ("picked frames" if name == "litert" else "clips")
    assert about["models"] == "3 folds, averaged"
    assert [path.name for path in place.parent.iterdir()] == ["made"]
    _, head, text = (place / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(head)["pipeline_tag"] == "video-classification"
    assert "## How well it does" in text
    assert str(tiny.folder.parent) not in text, "no path of this machine"
    usage = blocks(text, "python")
    assert len(usage) == (name in ("savedmodel", "onnx", "openvino"))
    for code in usage if name != "onnx" or HERE["onnxruntime"] else ():
        monkeypatch.chdir(place)
        for file, p in expected.items():
            given = {"frames": read_frames(file.read_bytes())[None]}
            exec(code, given)
            np.testing.assert_allclose(given["probabilities"][0], p, atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", ["litert", "openvino"])
def test_int8_says_what_it_costs(name, tiny, expected, tmp_path, capsys):
    if name == "openvino" and not HERE["nncf"]:
        pytest.skip("nncf is not installed")
    place = export(tiny.run, Wanted(name, int8=True, output=tmp_path / "made", clips=6))
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


BUNDLES = {
    "default": [],  # what `darkhar train` makes: motion_flow and statistics
    "many_views": [
        "extractor=motion",
        "classifier=tcn",
        "sampler=rate",
        "sampler.steps=null",
        "classifier.channels=all",
    ],
}


@pytest.mark.parametrize("name", BUNDLES)
def test_features_on_the_host_are_a_bundle_with_code_that_runs_alone(name, tmp_path):
    run = made(tmp_path, *BUNDLES[name])
    place = export(run.run, Wanted("openvino", clips=3))
    assert json.loads((place / "pipeline.json").read_text())["takes"] == "features"
    same_in_a_process_of_its_own(run, place, tmp_path / "elsewhere")


def same_in_a_process_of_its_own(run, place, elsewhere):
    """Compare what the code in an export says of a clip, moved away from its run, among broken and missing ones."""
    moved = shutil.copytree(place, elsewhere)
    clip, broken = clips_of(run)[0], elsewhere / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:200])
    words = [sys.executable, "-m", "predict", broken, clip, "missing.mp4"]
    answer = subprocess.run(words, cwd=moved, capture_output=True, text=True, check=False)
    assert answer.returncode == 1, "some videos failed"
    assert f"error: {broken}: " in answer.stderr
    assert "error: missing.mp4: No such file or directory" in answer.stderr
    assert "Traceback" not in answer.stderr
    (line,) = answer.stdout.splitlines()
    table = dk.load_run(run.folder).predictor().predict(clip)
    told = dict(part.rsplit(" ", 1) for part in line.removeprefix(f"{clip}: ").split(", "))
    assert next(iter(told)) == table["label"][0]
    for name, p in told.items():
        assert float(p) == pytest.approx(table[f"p_{name}"][0], abs=1e-3)


def test_a_damaged_export_is_refused(tmp_path, capsys):
    assert main(["clip.mp4"], tmp_path) == 2
    assert "holds no exported model: pipeline.json is missing" in capsys.readouterr().err
    for text in ("{", "[]", "{}", '{"classes": ["a"], "streams": [], "format": "onx"}'):
        (tmp_path / "pipeline.json").write_text(text)
        assert main(["clip.mp4"], tmp_path) == 2
        assert "pipeline.json is damaged, or of another version of darkhar" in said(capsys.readouterr().err)


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
    assert not (tiny.folder / "exports").exists(), "nothing is left"
    monkeypatch.setattr("darkhar_cli.export.contract.util.find_spec", lambda name: None)
    code, _, err = darkhar("export", tiny.folder, "format=onnx")
    assert code == 2
    assert "format=onnx needs tf2onnx, which is not installed: pip install 'darkhar[export]'" in said(err)


def test_a_converter_that_fails_names_the_part_and_what_to_use(tiny, tmp_path, monkeypatch):
    def broken(model, *_):
        if not hasattr(model, "layer") or isinstance(model.layer, EnhanceFrames):  # the whole model, or this part
            raise ValueError("no kernel\nfor it")

    kind = replace(exporting.format_of("openvino", False), write=broken)
    monkeypatch.setattr(exporting, "format_of", lambda *_: kind)
    with pytest.raises(
        FailedWork,
        match=r"format=openvino cannot express enhance 'gamma' \(no kernel for it\); use format=savedmodel or "
        r"format=keras, or train with another enhance",
    ):
        export(tiny.run, Wanted("openvino", output=tmp_path / "made", clips=1))
    assert not list(tmp_path.iterdir())


def test_a_run_whose_clips_are_gone_is_not_exported_unchecked(tiny, tmp_path):
    folder = shutil.copytree(tiny.folder, tmp_path / "run")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["dataset"]["root"] = str(tmp_path / "gone")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(BadRequest, match=r"an export is checked on the run's clips, which cannot be read: "):
        export(Run(folder), Wanted("keras"))
    assert not (folder / "exports").exists()
