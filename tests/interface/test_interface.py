"""The public interface: lazy, documented by examples that run, errors as exceptions."""

import asyncio
import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.special

import darkhar
import darkhar_cli as dk

SMOKE = "experiment=smoke"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("interface")


@pytest.fixture(autouse=True)
def _there(place, monkeypatch):
    monkeypatch.chdir(place)


def fresh(code, cwd, stdin=False):
    words = [sys.executable, *(["-"] if stdin else ["-c", code])]
    done = subprocess.run(words, input=code if stdin else None, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_heavy_is_imported_before_use(tmp_path):
    heavy = {"keras", "tensorflow", "pandas", "hydra"}
    code = f"import sys, darkhar_cli, darkhar; print(sorted({heavy} & set(sys.modules)))"
    assert fresh(code, tmp_path) == "[]\n"


def test_every_name_is_listed_documented_and_found():
    for name in dk.__all__:
        assert name in dir(dk)
        assert getattr(darkhar, name) is getattr(dk, name)
        assert inspect.getdoc(getattr(dk, name))
    with pytest.raises(AttributeError, match="nothing_such"):
        dk.nothing_such  # noqa: B018


@pytest.mark.parametrize("name", ["training", "runs", "comparing", "models", "data"])
def test_examples_run(name):
    module = importlib.import_module(f"darkhar_cli.interface.{name}")
    tests = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert tests
    for test in tests:
        out = []
        result = doctest.DocTestRunner(verbose=False).run(test, out=out.append)
        assert not result.failed, "".join(out)


def test_every_function_has_an_example():
    functions = [getattr(dk, name) for name in dk.__all__ if inspect.isfunction(getattr(dk, name))]
    assert not [one.__name__ for one in functions if ">>>" not in one.__doc__]


def test_a_run_in_a_running_event_loop_prints_no_table(capfd, place):
    async def notebook():
        return dk.train(SMOKE, quiet=True)

    argv = list(sys.argv)
    run = asyncio.run(notebook())
    assert run.folder.is_relative_to(place)
    assert isinstance(run.summary, pd.DataFrame)
    assert list(run.history["epoch"].unique())
    assert capfd.readouterr().out == ""
    assert sys.argv == argv
    dk.train(SMOKE, quiet=True, show=True)
    assert "accuracy" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [(["enhance=gama"], "did you mean 'gamma'"), (["--help"], "takes choices and settings"), (["seed=0,1"], "need -m")],
)
def test_errors_are_exceptions(words, said, capfd):
    with pytest.raises(dk.BadRequest, match=said):
        dk.train(*words)
    assert capfd.readouterr().out == ""


def test_a_folder_that_is_no_run_is_refused(place):
    with pytest.raises(dk.BadRequest, match="no such folder"):
        dk.load_run("nowhere")
    with pytest.raises(dk.BadRequest, match="no sweep"):
        dk.load_sweep(place)


def test_a_table_without_labels_is_refused():
    with pytest.raises(dk.BadRequest, match="lacks the column 'label'"):
        dk.plan_folds(pd.DataFrame({"labels": [1]}))


LOAD = """
import sys
import darkhar_cli
assert "keras" not in sys.modules
import keras
for path in sys.argv[1:]:
    print(type(keras.saving.load_model(path)).__name__)
"""


def test_saved_models_load_in_a_fresh_process(place):
    runs = [
        dk.train(SMOKE, quiet=True),
        dk.train(SMOKE, "extractor=luma", "classifier=transformer", "name=features", quiet=True),
        dk.train(SMOKE, "streams={raw: {enhance: none}, lit: {enhance: gamma}}", "name=fused", quiet=True),
    ]
    models = [str(run.models[0]) for run in runs]
    done = subprocess.run([sys.executable, "-c", LOAD, *models], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 3


def test_keras_imported_first_finds_the_classes_too(place):
    model = dk.train(SMOKE, quiet=True).models[0]
    code = f"import keras, darkhar_cli; print(type(keras.saving.load_model({str(model)!r})).__name__)"
    assert fresh(code, place) == "ActionModel\n"


def test_typed():
    for package in (dk, darkhar):
        assert (Path(package.__file__).parent / "py.typed").is_file()


def test_several_streams_are_fused_late(place):
    streams = "streams={raw: {enhance: none}, lit: {enhance: gamma}}"
    model = dk.build_model(SMOKE, streams, n_classes=6)
    clips = np.random.default_rng(0).integers(0, 255, (2, 4, 48, 64, 3), np.uint8)
    each = [np.asarray(one(clips)) for one in model.models]
    assert np.abs(each[0] - each[1]).max() > 1e-4
    expected = np.mean([scipy.special.log_softmax(logits, axis=1) for logits in each], axis=0)
    np.testing.assert_allclose(np.asarray(model(clips)), expected, atol=1e-5)
    with pytest.raises(dk.BadRequest, match="fusion=concat: features side by side have no end-to-end model"):
        dk.build_model(SMOKE, streams, "fusion=concat", n_classes=6)
