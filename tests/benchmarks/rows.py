"""One function per row: measure two things, return their ratio and the mark it must reach."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.material import TRAIN, experiment, some_clips, source

_FOLDS = {"name": "stratified", "folds": 3, "seed": 0}


def row(this: str, that: str, ratio: float, at_least: float, note: str = "") -> dict[str, Any]:
    """Return a row whose ratio must be at least so much."""
    good = bool(ratio >= at_least)
    return {"this": this, "that": that, "ratio": float(ratio), "mark": f">= {at_least:g}", "good": good, "note": note}


def seconds(function: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def best(function: Callable[[], Any], times: int = 3) -> float:
    """Return the shortest of several calls."""
    return min(seconds(function) for _ in range(times))


def _bank_job(place: Path, clips: Any, asked: Any, folds: dict[str, Any] = _FOLDS) -> tuple[float, int]:
    """Run an experiment's folds from the bank; return seconds and how many frames were computed."""
    from darkhar_cli.folds import plan_folds
    from darkhar_cli.runner import run_folds
    from darkhar_cli.runs import Run
    from darkhar_cli.trainer import Trainer

    started = time.perf_counter()
    trainer = Trainer(asked, clips)
    plan = plan_folds(folds, clips.table, asked.seed, clips.classes)
    run = Run(place / f"run{time.time_ns()}")
    run.claim("benchmark")
    run_folds(trainer, plan, run)
    return time.perf_counter() - started, trainer.inputs.computed


def _against_notebook(place: Path, extractor: str, frames: int, classes: int, per_class: int, mark: float, **more: Any):
    import keras
    import tensorflow as tf

    from darkhar_cli import registry, runner, trainer  # noqa: F401  imports are no part of either
    from darkhar_cli.engine import import_openvino
    from darkhar_cli.folds import plan_folds
    from tests.benchmarks import notebook

    import_openvino()
    registry.parts("extractor")
    tf.zeros(1).numpy()
    clips = some_clips(place, classes, per_class)
    plan = plan_folds(_FOLDS, clips.table, 0, clips.classes)
    bank, computed = _bank_job(place, clips, experiment(place, extractor, frames, **more))
    arrays = notebook.sampled(clips, frames)

    def by_notebook() -> None:
        keras.utils.set_random_seed(0)
        part = {"weights": "none", "size": 224, **more}
        backbone = registry.get("extractor", extractor)(**part).model
        model = notebook.build(backbone, frames, len(clips.classes), *arrays[0].shape[2:4])
        folds = [(list(fold.train), list(fold.validation)) for fold in plan.folds]
        notebook.cross_validate(model, arrays, folds, TRAIN["epochs"], TRAIN["batch_per_class"] * len(clips.classes))

    slow = seconds(by_notebook)
    note = f"{source()}; the bank computed {computed} frames once, the notebook {len(clips.table) * frames * 30}"
    return row(f"{bank:.1f} s", f"{slow:.1f} s", slow / bank, mark, note)


def notebook_convnext(place: Path) -> dict[str, Any]:
    """Compare with the notebook where the extractor is all of the work."""
    return _against_notebook(place, "convnext_tiny", 8, 4, 3, 30)


def notebook_mobilenet(place: Path) -> dict[str, Any]:
    """Compare with the notebook where heads and tracing weigh."""
    return _against_notebook(place, "mobilenet", 16, 6, 4, 8, alpha=0.25)


def _frozen(extractor: str, **more: Any) -> tuple[Any, Any]:
    """Return an extractor with random weights, and its engine."""
    import keras

    from darkhar_cli import registry
    from darkhar_cli.engine import openvino_engine

    keras.utils.set_random_seed(0)
    built = registry.get("extractor", extractor)(weights="none", size=224, **more)
    return built, openvino_engine(built)


def _engine_speed(engine: Any, count: int, times: int = 3) -> float:
    """Return frames per second of an engine on ready frames, as the pipeline feeds it."""
    from darkhar_cli.pipeline import extract

    frames = np.random.default_rng(0).uniform(0, 255, (count, 224, 224, 3)).astype(np.float32)
    parts = [frames[i : i + 8] for i in range(0, count, 8)]

    def feed() -> None:
        for _ in extract(range(len(parts)), lambda i: parts[i], engine):
            pass

    feed()
    return count / best(feed, times)


def notebook_projected(place: Path) -> dict[str, Any]:
    """Project the paper's own experiment from what a frame, a clip and a head cost here."""
    from darkhar_cli.frames import HostFrames

    clips = some_clips(place, 4, 3)
    built, engine = _frozen("convnext_small")
    frames = np.random.default_rng(0).uniform(0, 255, (32, 224, 224, 3)).astype(np.float32)
    converted = seconds(lambda: engine.run(frames[:4]))
    built.model.predict(frames, verbose=0)
    keras_ms = 1000 * best(lambda: built.model.predict(frames, verbose=0), 2) / len(frames)
    engine_ms = 1000 / _engine_speed(engine, 32, 2)
    host = HostFrames(clips, [("none", {})], (224, 224))
    host(0, np.arange(2))
    rows = clips.table.index.tolist()
    every = {r: np.linspace(0, clips.table.loc[r, "n_frames"] - 1, 32).round().astype(int) for r in rows}
    clip_ms = 1000 * seconds(lambda: [host(r, every[r]) for r in rows]) / len(rows)
    head = _bank_job(place, clips, experiment(place, "mobilenet", 32, alpha=0.25))[0]
    slow = 3 * 10 * 150 * 32 * keras_ms / 1000
    fast = converted + 150 * 32 * engine_ms / 1000 + 150 * clip_ms / 1000 + head * 150 / 12
    note = (
        f"{source()}; notebook: 3 folds x 10 epochs x 150 clips x 32 frames x {keras_ms:.0f} ms = {slow / 3600:.1f} h; "
        f"bank: convert {converted:.1f} s + 150 x 32 x {engine_ms:.0f} ms + 150 clips x {clip_ms:.0f} ms to decode and "
        f"resize + heads {head * 150 / 12:.0f} s (12 clips' whole job with MobileNet, {head:.1f} s, x 150/12) "
        f"= {fast / 60:.1f} min"
    )
    return row(f"{fast / 60:.1f} min", f"{slow / 3600:.1f} h", slow / fast, 100, note)


def extraction(place: Path) -> dict[str, Any]:
    """Compare the whole pipeline with its engine."""
    from darkhar_cli.frames import HostFrames
    from darkhar_cli.pipeline import extract

    clips = some_clips(place, 6, 4)
    _, engine = _frozen("convnext_tiny")
    host = HostFrames(clips, [("histeq", {})], (224, 224))
    rows = clips.table.index.tolist()
    picked = {r: np.linspace(0, clips.table.loc[r, "n_frames"] - 1, 8).round().astype(int) for r in rows}

    def whole() -> None:
        for _ in extract(rows, lambda r: host(r, picked[r]), engine):
            pass

    alone, both = [], []
    engine.run(np.zeros((4, 224, 224, 3), np.float32))
    for _ in range(3):  # taken in turn: the machine's own ups and downs meet both
        alone.append(_engine_speed(engine, 96, 1))
        both.append(8 * len(rows) / seconds(whole))
    this, that = float(np.median(both)), float(np.median(alone))
    return row(f"{this:.1f}/s", f"{that:.1f}/s", this / that, 0.85, f"{source()}, histeq, medians of 3")


def openvino(place: Path) -> dict[str, Any]:
    """Compare OpenVINO with Keras on the same frames, and their features."""
    built, engine = _frozen("convnext_tiny")
    frames = np.random.default_rng(0).uniform(0, 255, (64, 224, 224, 3)).astype(np.float32)
    expected = built.model.predict(frames, verbose=0)
    slow = len(frames) / best(lambda: built.model.predict(frames, verbose=0))
    fast = _engine_speed(engine, len(frames))
    got = np.concatenate([engine.run(frames[i : i + 4]) for i in range(0, len(frames), 4)])
    difference = float(np.abs(got - expected).max() / np.abs(expected).max())
    found = row(f"{fast:.1f}/s", f"{slow:.1f}/s", fast / slow, 3, f"largest relative difference {difference:.1e}")
    return found | {"good": found["good"] and difference <= 1e-4}


def histeq(place: Path) -> dict[str, Any]:
    """Compare the host's equaliser with keras-cv's, one thread each, and their bits."""
    import cv2
    import keras_cv
    import tensorflow as tf

    from darkhar_cli.enhance.histeq import equalise_on_host

    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    frames = np.random.default_rng(0).gamma(2.0, 9.0, (32, 240, 320, 3)).clip(0, 255).astype(np.uint8)
    layer = keras_cv.layers.Equalization((0, 255))
    graph = tf.function(lambda x: layer(x))
    given = tf.constant(frames, tf.float32)
    same = np.array_equal(graph(given).numpy(), equalise_on_host(frames).astype(np.float32))
    slow, fast = best(lambda: graph(given).numpy()), best(lambda: equalise_on_host(frames))
    this, that = (f"{1000 * s / len(frames):.2f} ms" for s in (fast, slow))
    found = row(this, that, slow / fast, 4, f"same bits: {same}")
    return found | {"good": found["good"] and same}


def second_job(place: Path) -> dict[str, Any]:
    """Compare a first job with a second one that finds its features."""
    import keras

    clips = some_clips(place, 6, 4)
    weights = str(place / "mobilenet.weights.h5")  # random weights would follow the seed
    keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, pooling="avg").save_weights(weights)
    asked = experiment(place, "mobilenet", 16, alpha=0.25, weights=weights)
    first, computed = _bank_job(place, clips, asked)
    other = replace(asked, classifier=("mean_pool", {}), seed=1)
    second, again = _bank_job(place, clips, other, _FOLDS | {"folds": 2})
    found = row(f"{second:.1f} s", f"{first:.1f} s", first / second, 1, f"frames computed: {computed}, then {again}")
    return found | {"good": found["good"] and again == 0}


def _head() -> tuple[Any, Any]:
    from darkhar_cli.learner import compile_model
    from darkhar_cli.model import build_classifier

    def build() -> Any:
        return build_classifier(("lstm", {}), 256, 6)

    return build, compile_model


def heads(place: Path) -> dict[str, Any]:
    """Compare an epoch in the compiled loop with one in Keras's."""
    from darkhar_cli.learner import Learner, head_learner

    build, compile_model = _head()
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(96, 8, 256)).astype(np.float32), np.ones((96, 8), bool)]
    labels = rng.integers(0, 6, 96)
    model = build()
    compile_model(model, TRAIN)
    by_keras, compiled = Learner(model, model), head_learner("bench", build, TRAIN)
    by_keras.train([(inputs, labels)], 12)
    compiled.train([(inputs, labels)], 12)
    slow = best(lambda: by_keras.train([(inputs, labels)], 12), 10)
    fast = best(lambda: compiled.train([(inputs, labels)], 12), 10)
    note = "an epoch of 8 steps, 12 clips each"
    return row(f"{1000 * fast:.1f} ms", f"{1000 * slow:.1f} ms", slow / fast, 1, note)


def folds(place: Path) -> dict[str, Any]:
    """Compare another seed's fold on the traced step with one on a model traced for it."""
    import keras

    from darkhar_cli import learner

    build, _ = _head()
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(16, 8, 256)).astype(np.float32), np.ones((16, 8), bool)]
    labels = rng.integers(0, 6, 16)

    def fold(made: Any) -> np.ndarray:
        made.renew()
        for _ in range(10):
            made.train([(inputs, labels)], 12)
        return made.logits(inputs)

    def anew() -> np.ndarray:
        learner._heads.clear()
        keras.utils.set_random_seed(0)
        return fold(learner.head_learner("bench", build, TRAIN))

    expected = anew()
    slow = best(anew, 3)
    learner._heads.clear()
    keras.utils.set_random_seed(0)
    kept = learner.head_learner("bench", build, TRAIN)
    fold(kept)
    fast = best(lambda: fold(kept), 3)
    same = np.array_equal(expected, fold(kept))
    found = row(f"{fast:.2f} s", f"{slow:.2f} s", slow / fast, 2, f"same bits: {same}; 16 clips, 10 epochs")
    return found | {"good": found["good"] and same}


def memory(place: Path) -> dict[str, Any]:
    """Compare the peak memory of extracting many clips with that of extracting few."""
    peaks = {}
    for count in (100, 1000):
        code = f"from tests.benchmarks.rows import peak; peak({str(place)!r}, {count})"
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
        peaks[count] = float(done.stdout.split()[-1])
    ratio = peaks[1000] / peaks[100]
    found = row(f"{peaks[1000]:.0f} MB", f"{peaks[100]:.0f} MB", ratio, 0, f"{source()}, MobileNet 0.25, 8 frames")
    return found | {"mark": "<= 1.1", "good": ratio <= 1.1}


def peak(place: str, count: int) -> None:
    """Extract so many clips (a few under many ids) and print the peak memory in MB."""
    import pandas as pd

    from darkhar_cli import console
    from darkhar_cli.trainer import Trainer

    console.set_quiet(True)
    clips = some_clips(Path(place), 4, 3)
    few = clips.table
    clips.table = pd.concat([few] * (count // len(few) + 1), ignore_index=True).head(count)
    clips.table["digest"] = [f"{i:064x}" for i in range(count)]
    asked = replace(experiment(Path(place), "mobilenet", 8, alpha=0.25), cache=Path(place, f"bank{count}"))
    trainer = Trainer(asked, clips)
    rows = clips.table.index.tolist()
    trainer.inputs.fill(zip(rows, trainer.positions(rows, -1), strict=True))
    print(trainer.inputs.computed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def start_up(place: Path) -> dict[str, Any]:
    """Compare start-up with its limits."""
    program = [sys.executable, "-m", "darkhar_cli"]
    environment = {**os.environ, "DARKHAR_HOME": str(place)}

    def run(*words: str) -> None:
        subprocess.run([*program, *words], env=environment, capture_output=True, check=False)

    times = {words: best(lambda words=words: run(*words)) for words in (("--help",), ("train", "enhance=histeqq"))}
    helped, refused = times.values()
    ratio = max(helped / 0.5, refused / 1.0)
    found = row(f"{helped:.2f} s, {refused:.2f} s", "0.5 s, 1 s", ratio, 0)
    return found | {"mark": "<= 1", "good": ratio <= 1}
