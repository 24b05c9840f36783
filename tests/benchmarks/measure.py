"""Measuring: a row of the table, seconds of a call, a whole job from the bank, an engine's speed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FOLDS = {"name": "stratified", "folds": 3, "seed": 0}


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


def bank_job(place: Path, clips: Any, asked: Any, folds: dict[str, Any] = FOLDS) -> tuple[float, int]:
    """Run an experiment's folds from the bank; return seconds and how many frames were computed."""
    from darkhar_cli.runs.run_folder import Run
    from darkhar_cli.splits.plan import plan_folds
    from darkhar_cli.training.cross_validation import run_folds
    from darkhar_cli.training.trainer import Trainer

    started = time.perf_counter()
    trainer = Trainer(asked, clips)
    plan = plan_folds(folds, clips.table, asked.setting.seed, clips.classes)
    run = Run(place / f"run{time.time_ns()}")
    run.claim("benchmark")
    run_folds(trainer, plan, run)
    return time.perf_counter() - started, trainer.streams[0].inputs().computed


def frozen(extractor: str, **more: Any) -> tuple[Any, Any]:
    """Return an extractor with random weights, and its engine."""
    import keras

    from darkhar_cli import registry
    from darkhar_cli.features.runtimes import openvino_engine

    keras.utils.set_random_seed(0)
    built = registry.get("extractor", extractor)(weights="none", size=224, **more)
    return built, openvino_engine(built)


def engine_speed(engine: Any, count: int, times: int = 3) -> float:
    """Return frames per second of an engine on ready frames, as the pipeline feeds it."""
    from darkhar_cli.features.prefetch import extract

    frames = np.random.default_rng(0).uniform(0, 255, (count, 224, 224, 3)).astype(np.float32)
    parts = [frames[i : i + 8] for i in range(0, count, 8)]

    def feed() -> None:
        for _ in extract(range(len(parts)), lambda i: parts[i], engine):
            pass

    feed()
    return count / best(feed, times)
