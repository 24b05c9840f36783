"""The bank and its engine beside the paper's notebook."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.material import TRAIN, experiment, some_clips, source
from tests.benchmarks.measure import FOLDS, bank_job, best, engine_speed, frozen, row, seconds


def _against_notebook(place: Path, extractor: str, frames: int, classes: int, per_class: int, mark: float, **more: Any):
    import keras
    import tensorflow as tf

    from darkhar_cli import registry
    from darkhar_cli.features.runtimes import import_openvino
    from darkhar_cli.splits.plan import plan_folds
    from darkhar_cli.training import cross_validation, trainer  # noqa: F401  imports are no part of either
    from tests.benchmarks import notebook

    import_openvino()
    registry.parts("extractor")
    tf.zeros(1).numpy()
    clips = some_clips(place, classes, per_class)
    plan = plan_folds(FOLDS, clips.table, 0, clips.classes)
    bank, computed = bank_job(place, clips, experiment(place, extractor, frames, **more))
    arrays = notebook.sampled(clips, frames)

    def by_notebook() -> None:
        keras.utils.set_random_seed(0)
        part = {"weights": "none", "size": 224, **more}
        backbone = registry.get("extractor", extractor)(**part).model
        model = notebook.build(backbone, frames, len(clips.classes), *arrays[0].shape[2:4])
        folds = [(list(fold.train), list(fold.validation)) for fold in plan.folds]
        notebook.cross_validate(model, arrays, folds, TRAIN.epochs, TRAIN.batch_per_class * len(clips.classes))

    slow = seconds(by_notebook)
    note = f"{source()}; the bank computed {computed} frames once, the notebook {len(clips.table) * frames * 30}"
    return row(f"{bank:.1f} s", f"{slow:.1f} s", slow / bank, mark, note)


def notebook_convnext(place: Path) -> dict[str, Any]:
    """Compare with the notebook where the extractor is all of the work."""
    return _against_notebook(place, "convnext_tiny", 8, 4, 3, 30)


def notebook_mobilenet(place: Path) -> dict[str, Any]:
    """Compare with the notebook where heads and tracing weigh."""
    return _against_notebook(place, "mobilenet", 16, 6, 4, 8, alpha=0.25)


def notebook_projected(place: Path) -> dict[str, Any]:
    """Project the paper's own experiment from what a frame, a clip and a head cost here."""
    from darkhar_cli.features.frame_loader import HostFrames

    clips = some_clips(place, 4, 3)
    built, engine = frozen("convnext_small")
    frames = np.random.default_rng(0).uniform(0, 255, (32, 224, 224, 3)).astype(np.float32)
    converted = seconds(lambda: engine.run(frames[:4]))
    built.model.predict(frames, verbose=0)
    keras_ms = 1000 * best(lambda: built.model.predict(frames, verbose=0), 2) / len(frames)
    engine_ms = 1000 / engine_speed(engine, 32, 2)
    host = HostFrames(clips, [("none", {})], (224, 224))
    host(0, np.arange(2))
    rows = clips.table.index.tolist()
    every = {r: np.linspace(0, clips.table.loc[r, "n_frames"] - 1, 32).round().astype(int) for r in rows}
    clip_ms = 1000 * seconds(lambda: [host(r, every[r]) for r in rows]) / len(rows)
    head = bank_job(place, clips, experiment(place, "mobilenet", 32, alpha=0.25))[0]
    slow = 3 * 10 * 150 * 32 * keras_ms / 1000
    fast = converted + 150 * 32 * engine_ms / 1000 + 150 * clip_ms / 1000 + head * 150 / 12
    note = (
        f"{source()}; notebook: 3 folds x 10 epochs x 150 clips x 32 frames x {keras_ms:.0f} ms = {slow / 3600:.1f} h; "
        f"bank: convert {converted:.1f} s + 150 x 32 x {engine_ms:.0f} ms + 150 clips x {clip_ms:.0f} ms to decode and "
        f"resize + heads {head * 150 / 12:.0f} s (12 clips' whole job with MobileNet, {head:.1f} s, x 150/12) "
        f"= {fast / 60:.1f} min"
    )
    return row(f"{fast / 60:.1f} min", f"{slow / 3600:.1f} h", slow / fast, 100, note)
