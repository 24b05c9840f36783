"""Jobs, folds and heads from the bank, and starting up."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.material import TRAIN, experiment, some_clips
from tests.benchmarks.measure import FOLDS, bank_job, best, row


def second_job(place: Path) -> dict[str, Any]:
    """Compare a first job with a second one that finds its features."""
    import keras

    clips = some_clips(place, 6, 4)
    weights = str(place / "mobilenet.weights.h5")  # random weights would follow the seed
    keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, pooling="avg").save_weights(weights)
    asked = experiment(place, "mobilenet", 16, alpha=0.25, weights=weights)
    first, computed = bank_job(place, clips, asked)
    other = replace(asked, classifier=("mean_pool", {}), seed=1)
    second, again = bank_job(place, clips, other, FOLDS | {"folds": 2})
    found = row(f"{second:.1f} s", f"{first:.1f} s", first / second, 1, f"frames computed: {computed}, then {again}")
    return found | {"good": found["good"] and again == 0}


def _head() -> tuple[Any, Any]:
    from darkhar_cli.classifiers.contract import Timeline
    from darkhar_cli.models.action_model import build_classifier
    from darkhar_cli.training.compiled_model import compile_model

    def build() -> Any:
        return build_classifier(("lstm", {}), Timeline(256), 6)

    return build, compile_model


def heads(place: Path) -> dict[str, Any]:
    """Compare an epoch in the compiled loop with one in Keras's."""
    from darkhar_cli.training.compiled_model import compiled_heads

    build, compile_model = _head()
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(96, 8, 256)).astype(np.float32), np.ones((96, 8), bool)]
    labels = rng.integers(0, 6, 96)
    model = build()
    compile_model(model, TRAIN)
    compiled = compiled_heads("bench", build, TRAIN)

    def by_keras() -> None:
        for start in range(0, 96, 12):
            part = slice(start, start + 12)
            model.train_on_batch([one[part] for one in inputs], labels[part])

    by_keras()
    compiled.train([(inputs, labels)], 12)
    slow = best(by_keras, 10)
    fast = best(lambda: compiled.train([(inputs, labels)], 12), 10)
    note = "an epoch of 8 steps, 12 clips each"
    return row(f"{1000 * fast:.1f} ms", f"{1000 * slow:.1f} ms", slow / fast, 1, note)


def folds(place: Path) -> dict[str, Any]:
    """Compare another seed's fold on the traced step with one on a model traced for it."""
    import keras

    from darkhar_cli.training import compiled_model

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
        compiled_model._heads.clear()
        keras.utils.set_random_seed(0)
        return fold(compiled_model.compiled_heads("bench", build, TRAIN))

    expected = anew()
    slow = best(anew, 3)
    compiled_model._heads.clear()
    keras.utils.set_random_seed(0)
    kept = compiled_model.compiled_heads("bench", build, TRAIN)
    fold(kept)
    fast = best(lambda: fold(kept), 3)
    same = np.array_equal(expected, fold(kept))
    found = row(f"{fast:.2f} s", f"{slow:.2f} s", slow / fast, 2, f"same bits: {same}; 16 clips, 10 epochs")
    return found | {"good": found["good"] and same}


_SIZES = """
import sys
from darkhar_cli import cli
from darkhar_cli.launch import sweep
sizes, train = [], sweep.train
def watched(*a, **k):
    found = train(*a, **k)
    sizes.append(int(open('/proc/self/statm').read().split()[1]) * 4096 >> 20)
    return found
sweep.train = watched
cli.main(sys.argv[1:])
print(*sizes)
"""


def sweep_memory(place: Path, jobs: int = 100) -> dict[str, Any]:
    """Compare what a sweep of many jobs that are trained end to end takes up with what it does after five."""
    words = ["--quiet", "train", "-m", "experiment=smoke", f"seed={','.join(map(str, range(jobs)))}"]
    environment = {**os.environ, "DARKHAR_HOME": str(place)}
    command = [sys.executable, "-c", _SIZES, *words, f"hydra.sweep.dir={place / 'sweep'}"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    sizes = list(map(int, done.stdout.splitlines()[-1].split()))
    ratio = sizes[-1] / sizes[4]
    found = row(f"{sizes[-1]} MB", f"{sizes[4]} MB", ratio, 0, f"{jobs} jobs of experiment=smoke")
    return found | {"mark": "<= 1.1", "good": ratio <= 1.1}


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
