"""The final model of a finished run: trained on all training clips, and labelled with what to expect of it."""

import gc
import time
from collections.abc import Mapping
from typing import Any

from darkhar_cli import console
from darkhar_cli.data import clip_dataset
from darkhar_cli.errors import BadRequest
from darkhar_cli.export.card import CARD, write_card
from darkhar_cli.files import asides, claims
from darkhar_cli.files.asides import write_aside
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.prediction.own_code import refuse_lost_parts
from darkhar_cli.report.terminal import headline
from darkhar_cli.runs.identity import changed_since
from darkhar_cli.runs.run_folder import FINAL, Run

_REFUSED = {"groups": "labels were shuffled among whole groups", "clips": "training labels were shuffled"}


def refit(run: Run, config: Mapping[str, Any], clips: clip_dataset.Clips | None = None, fresh: bool = False) -> None:
    """Train a finished run's final model, or find it there.

    Args:
        run: finished.
        config: its resolved configuration.
        clips: its data set, where it is open.
        fresh: train it again where it is there.

    Raises:
        BadRequest: a control, the run's data are not as they were, or its own parts are not given.
        FailedWork: training failed, or the run's folder cannot be written.
    """
    with claims.held(run.folder / ".claim", f"run folder {run.folder}"):
        if run.final() and not fresh:
            console.note(f"already done: {run.model_path(*FINAL[::-1])} (fresh=true trains it again)")
            return
        asides.remove_leftovers(run.folder, deep=True)
        _refuse_controls(run, config)
        refuse_lost_parts(run)
        if since := changed_since(run):
            console.warn(
                f"the code is not what trained {run.folder} ({since}): the final model is trained by what is here"
            )
        _make(run, config, clips or _same_clips(run, config))


def _refuse_controls(run: Run, config: Mapping[str, Any]) -> None:
    shuffled = _REFUSED.get(config["train"]["shuffle_labels"])
    if shuffled:
        raise BadRequest(f"{run.folder} is a control ({shuffled}): there is no model to be used in it")


def _same_clips(run: Run, config: Mapping[str, Any]) -> clip_dataset.Clips:
    """Return the run's data set, refused where it is not what the run was trained on."""
    clips = clip_dataset.open_clips(config["dataset"])
    then = run.facts().get("data", {}).get("fingerprint")
    if clips.fingerprint != then:
        raise BadRequest(
            f"data set {clips.name} is not as it was when {run.folder} was trained (fingerprint {clips.fingerprint}, "
            f"run.json has {then}); bring the old clips back, or train again"
        )
    return clips


def _make(run: Run, config: Mapping[str, Any], clips: clip_dataset.Clips) -> None:
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli import device
        from darkhar_cli.prediction.predictor import as_it_ran
        from darkhar_cli.training.distribution import distributed
        from darkhar_cli.training.from_config import experiment_of
        from darkhar_cli.training.refit import fit_all, median_epoch

    facts, started = run.facts(), time.monotonic()
    experiment = experiment_of(as_it_ran(config, facts), clips.classes)
    if experiment.setting.train.deterministic:
        device.make_deterministic()
    epochs = median_epoch(facts["folds"])
    try:
        spread = distributed(experiment.setting.train.distribute)
        with device.precision(facts["precision"]), device.gradients_forgotten(), spread:
            made = fit_all(experiment, clips, epochs)
            session = made.session
            write_aside(run.model_path(*FINAL[::-1]), session.model.whole.save)
            last = made.history[-1].values
            expected = headline(run.read("metrics/summary.csv").iloc[0])
            run.add_facts(
                final={
                    "clips": len(session.fit),
                    "epochs": len(made.history),
                    "initial_weights": session.initial_weights,
                    "weights": session.model.weights_hash(),
                    "loss": last["loss"],
                    "accuracy": last["accuracy"],
                    "expected": expected,
                    "seconds": round(time.monotonic() - started, 2),
                }
            )
    finally:
        device.clear_session()
        gc.collect()
    how = "solved" if session.solved else f"{epochs} epochs (the median of the folds' best)"
    run.log(f"final model: {len(session.fit)} training clips, {how}; it has no score of its own")
    run.log(f"expect of it what cross-validation found: {expected}")
    path = run.model_path(*FINAL[::-1])
    about = [f"`{path.name}` is the final model of a darkhar run; `darkhar predict RUN clip.mp4` uses it."]
    write_card(run, path.with_name(CARD), about)
    run.log(str(path))
