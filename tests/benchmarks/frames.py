"""What frames go through: the pipeline, the engine, the equaliser, and the memory they take."""

import resource
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.material import experiment, some_clips, source
from tests.benchmarks.measure import best, engine_speed, frozen, row, seconds


def extraction(place: Path) -> dict[str, Any]:
    """Compare the whole pipeline with its engine."""
    from darkhar_cli.features.frame_loader import HostFrames
    from darkhar_cli.features.prefetch import extract

    clips = some_clips(place, 6, 4)
    _, engine = frozen("convnext_tiny")
    host = HostFrames(clips, [("histeq", {})], (224, 224))
    rows = clips.table.index.tolist()
    picked = {r: np.linspace(0, clips.table.loc[r, "n_frames"] - 1, 8).round().astype(int) for r in rows}

    def whole() -> None:
        for _ in extract(rows, lambda r: host(r, picked[r]), engine):
            pass

    alone, both = [], []
    engine.run(np.zeros((4, 224, 224, 3), np.float32))
    for _ in range(3):  # taken in turn: the machine's own ups and downs meet both
        alone.append(engine_speed(engine, 96, 1))
        both.append(8 * len(rows) / seconds(whole))
    this, that = float(np.median(both)), float(np.median(alone))
    return row(f"{this:.1f}/s", f"{that:.1f}/s", this / that, 0.85, f"{source()}, histeq, medians of 3")


def openvino(place: Path) -> dict[str, Any]:
    """Compare OpenVINO with Keras on the same frames, and their features."""
    built, engine = frozen("convnext_tiny")
    frames = np.random.default_rng(0).uniform(0, 255, (64, 224, 224, 3)).astype(np.float32)
    expected = built.model.predict(frames, verbose=0)
    slow = len(frames) / best(lambda: built.model.predict(frames, verbose=0))
    fast = engine_speed(engine, len(frames))
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


def memory(place: Path) -> dict[str, Any]:
    """Compare the peak memory of extracting many clips with that of extracting few."""
    peaks = {}
    for count in (100, 1000):
        code = f"from tests.benchmarks.frames import peak; peak({str(place)!r}, {count})"
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
        peaks[count] = float(done.stdout.split()[-1])
    ratio = peaks[1000] / peaks[100]
    found = row(f"{peaks[1000]:.0f} MB", f"{peaks[100]:.0f} MB", ratio, 0, f"{source()}, MobileNet 0.25, 8 frames")
    return found | {"mark": "<= 1.1", "good": ratio <= 1.1}


def peak(place: str, count: int) -> None:
    """Extract so many clips (a few under many ids) and print the peak memory in MB."""
    import pandas as pd

    from darkhar_cli import console
    from darkhar_cli.training.trainer import Trainer

    console.set_quiet(True)
    clips = some_clips(Path(place), 4, 3)
    few = clips.table
    clips.table = pd.concat([few] * (count // len(few) + 1), ignore_index=True).head(count)
    clips.table["digest"] = [sha256(str(i).encode()).hexdigest() for i in range(count)]
    asked = experiment(Path(place, f"bank{count}"), "mobilenet", 8, alpha=0.25)
    trainer = Trainer(asked, clips)
    rows = clips.table.index.tolist()
    stream = trainer.streams[0]
    stream.fill(rows, [-1], [None])
    print(stream.inputs().computed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
