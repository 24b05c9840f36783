"""Shared fixtures. Nothing here needs a network, a GPU, or data beside the repository."""

import copy
import gc
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["COLUMNS"] = "200"  # tables are not wrapped

import absl.logging
import cv2
import numpy as np
import pytest

from darkhar_cli import cli, plugins
from darkhar_cli.config import schema
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.video import write_video
from tests.helpers.longer import is_longer

# absl's log handler closes its stream when Hydra sets logging up; it must not be the one pytest captures with.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__

# A model so small that a whole run takes seconds, and the columns of folds.csv.
MODEL = ("extractor=conv_small", "classifier=lstm")
TINY = (
    *MODEL,
    "sampler.frames=3",
    "extractor.size=[16,20]",
    "extractor.filters=4",
    "extractor.features=8",
    "classifier.units=8",
    "classifier.dense=[8]",
)
FOLDS = ["dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed", "repeat", "fold", "split", "n"]
FOLDS += ["correct", "accuracy", "recall_macro", "loss", "epochs"]

ROOT = Path(__file__).resolve().parent.parent

# The files that take longest, roughly in order: begun first, none of them keeps the whole run waiting in the end.
LONGEST = (
    *("test_readme", "test_learner", "test_sweeps", "test_controls", "test_fusion", "test_end_to_end", "test_engine"),
    *("test_augmenting", "test_trainer", "test_processes", "test_runner", "test_two_at_once", "test_bank_runs"),
    *("test_trainer_labels", "test_stream_runs", "test_evaluate", "dark_synth_dataset_builder_test", "test_check"),
    *("test_paired_simulated", "test_leaks", "test_sample_frames", "test_ambient", "test_trainer_streams"),
    *("test_predictor", "test_predict", "test_refit"),
    *("test_comparison_methods", "test_model", "test_identity", "test_nasty_names", "test_enhance", "test_folds"),
)


def pytest_configure(config):
    """Let xdist give files out in the order they are collected in, not those with most tests first."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Put the files that take longest first; mark the tests that a usual run leaves out."""
    for item in items:
        if is_longer(item.nodeid):
            item.add_marker(pytest.mark.slow)
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def home(request, tmp_path_factory):
    """Prepared data and features of the whole test run live in one temporary folder, whichever worker makes them."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if hasattr(request.config, "workerinput") else base) / "home"
    place.mkdir(exist_ok=True)
    before = os.environ.get("DARKHAR_HOME")
    os.environ["DARKHAR_HOME"] = str(place)
    os.environ["DARKHAR_OFFLINE"] = "1"  # no test downloads weights
    os.environ.pop("DARKHAR_MODELS", None)
    yield place
    if before is None:
        del os.environ["DARKHAR_HOME"]
    else:
        os.environ["DARKHAR_HOME"] = before


@pytest.fixture(scope="module", autouse=True)
def little_to_collect():
    """Spare later collections of garbage what earlier files left in this process, mostly traced graphs.

    Each fold of a run and each correction of p-values (statsmodels) collects all garbage; in a process that has run
    a hundred files that took seconds.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def determinism_as_before():
    """Runs that a file's own fixtures made leave this process deterministic, which rules XLA out for later files."""
    yield
    _allow_nondeterminism()


def _allow_nondeterminism():
    if "tensorflow" in sys.modules:
        from darkhar_cli import device

        device.allow_nondeterminism()


def folder_named_by(variable: str, what: str) -> Path:
    """Return the folder an environment variable names, or skip the test with the reason."""
    place = os.environ.get(variable)
    if not place:
        pytest.skip(f"{variable} names no folder of {what}")
    return Path(place)


@pytest.fixture(scope="session")
def real_clips():
    """The folder of the real dark clips, where the machine has it."""
    return folder_named_by("DARKHAR_TEST_CLIPS", "real clips")


@pytest.fixture(scope="session")
def real_models():
    """The folder of real weights, where the machine has it."""
    return folder_named_by("DARKHAR_TEST_MODELS", "weights")


def moving_square(label: int, take: int, n: int = 12, height: int = 48, width: int = 64) -> np.ndarray:
    """Return a clip (n, H, W, 3) uint8: a square that goes right (label 0), down (1) or stays (2)."""
    rng = np.random.default_rng([label, take])
    frames = np.full((n, height, width, 3), rng.integers(5, 25), np.uint8)
    frames += rng.integers(0, 6, frames.shape[1:], dtype=np.uint8)
    y, x = rng.integers(2, 12, 2)
    for i in range(n):
        dy, dx = ((0, 2 * i), (2 * i, 0), (0, 0))[label]
        cv2.rectangle(frames[i], (int(x + dx), int(y + dy)), (int(x + dx) + 10, int(y + dy) + 10), (90, 80, 60), -1)
    return frames


def write_clips(root: Path, classes=("right", "down", "stay"), takes: int = 4, groups: int = 2, **size) -> Path:
    """Write `<root>/<class>/<class>_<group>_<take>.mp4` and return root."""
    for label, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for take in range(takes):
            clip = moving_square(label, take, n=10 + take, **size)
            (root / name / f"{name}_{take % groups}_{take}.mp4").write_bytes(write_video(clip, 30))
    return root


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory):
    """A folder of twelve small clips in three classes and two groups."""
    return write_clips(tmp_path_factory.mktemp("my clips (1)"))


@pytest.fixture(scope="session")
def prepared_clips(clip_folder):
    """The twelve small clips, prepared."""
    request = {"name": "video_folder", "root": str(clip_folder), "labels": None, "group": r"^([a-z]+_\d+)_"}
    return clip_dataset.open_clips({**request, "test": None, "data_dir": None, "on_error": "stop"})


@pytest.fixture
def clips(prepared_clips):
    """The twelve small clips; tests may change their table."""
    made = copy.copy(prepared_clips)
    made.table = prepared_clips.table.copy()
    return made


@pytest.fixture(scope="session")
def own_clips_folder(tmp_path_factory):
    """A folder of clips with a held-out split, and three groups a class; a test that changes it copies it first."""
    place = tmp_path_factory.mktemp("own") / "clips"
    write_clips(place / "train", takes=6, groups=3)
    write_clips(place / "test", takes=1)
    return place


@pytest.fixture
def own_clips(own_clips_folder):
    """A data request for the folder of clips with a held-out split; its data are prepared once."""
    return ["dataset=video_folder", f"dataset.root={own_clips_folder}", r"dataset.group=^([a-z]+_\d+)_"]


@pytest.fixture(autouse=True)
def no_parts_from_outside():
    """A test's own parts, which a call leaves in the environment for worker processes, go with it."""
    yield
    if "DARKHAR_PLUGINS" in os.environ:
        plugins.use([])
        schema.set_config_dir(None)


@pytest.fixture
def darkhar(tmp_path, monkeypatch, capsys):
    """Run the program in this process, in an empty folder; returns (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    _allow_nondeterminism()


@pytest.fixture(scope="session")
def fake_tflite(tmp_path_factory):
    """A TFLite file with MoveNet's shapes."""
    from tests.helpers.fake_movenet import write_tflite

    return write_tflite(tmp_path_factory.mktemp("weights") / "movenet.tflite")


@pytest.fixture(scope="session")
def fake_saved_model(tmp_path_factory):
    """A SavedModel with MoveNet's signature."""
    from tests.helpers.fake_movenet import write_saved_model

    return write_saved_model(tmp_path_factory.mktemp("weights") / "saved")


def only(folder):
    (found,) = list(folder.iterdir())
    return found


def program(*words, cwd, timeout=280, env=None):
    """Run the program as a process of its own, as a user does."""
    command = [sys.executable, "-m", "darkhar_cli", *map(str, words)]
    environment = {**os.environ, "COLUMNS": "200", **(env or {})}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
