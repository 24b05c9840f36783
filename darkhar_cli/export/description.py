"""What lies beside an exported model: `pipeline.json`, the extractors' own weights, the reference code."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darkhar_cli import __version__
from darkhar_cli.export import reference
from darkhar_cli.export.assembling import Assembled
from darkhar_cli.export.contract import Format
from darkhar_cli.files.tables import write_text
from darkhar_cli.prediction.predictor import Predictor
from darkhar_cli.training.stream import Stream

REFERENCE = "predict.py"  # the reference code's file


def models_in_words(predictor: Predictor) -> str:
    """Return which of a run's models are in an export."""
    return "final" if predictor.folds == "final" else f"{len(predictor.fold_names)} folds, averaged"


def describe(predictor: Predictor, made: Assembled, kind: Format, int8: bool, aside: Path) -> None:
    """Write pipeline.json, the files that it names beside the model, and the reference code.

    Args:
        predictor: of the run.
        made: the model that is exported.
        kind: its format.
        int8: whether its weights are.
        aside: the folder.
    """
    trainer = predictor.trainer
    streams = [_stream(stream, number, made, aside) for number, stream in enumerate(trainer.streams)]
    about = {
        "made_by": f"darkhar {__version__}",
        "format": kind.name,
        "file": kind.file,
        "int8": int8,
        "takes": made.takes,
        "inputs": [{"name": one.name, "shape": list(one.shape), "dtype": one.dtype} for one in made.inputs],
        "gives": "probabilities (clips, classes) float32",
        "classes": predictor.classes,
        "models": models_in_words(predictor),
        "temperature": predictor.temperature,
        "seed": trainer.seed,
        "streams": streams,
        "branches": [[trainer.streams.index(stream) for stream in branch.streams] for branch in trainer.branches],
        "in_time": trainer.branches[0].in_time,
    }
    write_text(aside / "pipeline.json", json.dumps(about, indent=2) + "\n")
    shutil.copyfile(reference.__file__, aside / REFERENCE)


def _stream(stream: Stream, number: int, made: Assembled, aside: Path) -> dict[str, Any]:
    """Return a stream's entry of pipeline.json; weights that the reference code needs are put beside it."""
    name, parameters = stream.parts.extractor
    entry: dict[str, Any] = {
        "sampler": [stream.parts.sampler[0], dict(stream.parts.sampler[1])],
        "enhance": [[one, dict(values)] for one, values in stream.parts.enhance],
        "extractor": [name, _portable(parameters)],
        "channels": list(stream.extractor.channels),
        "rate": stream.timeline.fps,
    }
    if made.takes != "features":
        return entry
    if stream.extractor.model is not None:
        entry["weights"] = f"extractor_{number}.weights.h5"
        if "weights" in parameters:
            entry["extractor"][1]["weights"] = "none"
        stream.extractor.model.save_weights(str(aside / entry["weights"]))
    elif "weights" in parameters:
        entry["files"] = {"weights": _kept_movenet(str(parameters["weights"]), aside)}
    return entry


def _portable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters without the paths of this machine."""
    return {
        key: Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
        for key, value in parameters.items()
    }


def _kept_movenet(weights: str, aside: Path) -> str:
    """Put the file or folder of a keypoint network beside the model and return its name."""
    from darkhar_cli.extractors.person.keypoints import find_movenet

    source = find_movenet() if weights == "auto" else Path(weights).expanduser()
    target = aside / "weights" / source.name
    target.parent.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
    return str(target.relative_to(aside))
