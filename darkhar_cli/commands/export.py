"""`darkhar export RUN format=…`: a finished run's models as one model in another format, checked and described."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, unknown

if TYPE_CHECKING:
    from darkhar_cli.export.exporting import Wanted

FORMATS = ("keras", "savedmodel", "onnx", "openvino", "litert")


def run(words: Sequence[str]) -> None:
    """Export the models of the run that the words name.

    Raises:
        BadRequest: no finished run, unknown words, or what the format cannot do.
        FailedWork: a converter failed, or the model does not give the run's predictions.
    """
    from darkhar_cli.config import own_parts

    files, others = own_parts.taken_from(words)
    folder, values = VERB.run_and_settings(others)
    _check(values)
    own_parts.use(files)
    _export(folder, values)


def _check(values: Mapping[str, str]) -> None:
    """Refuse values that mean nothing, before anything is imported for them."""
    if "format" not in values:
        raise BadRequest(f"export needs format=; choose from {', '.join(FORMATS)}")
    allowed = {"format": FORMATS, "quantize": ("none", "int8"), "folds": ("auto", "all", "final")}
    for key, words in allowed.items():
        if values.get(key, words[0]) not in words:
            raise unknown(key, values[key], words)
    for key in ("overwrite", "calibrate"):
        if values.get(key, "true") not in ("true", "false"):
            raise BadRequest(f"{key}={values[key]}: allowed are true and false")
    if not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", values.get("size", "1x1")):
        raise BadRequest(f"size={values['size']}: allowed is HEIGHTxWIDTH in pixels, for instance size=240x320")
    if not re.fullmatch(r"[1-9]\d{0,5}", values.get("clips", "1")):
        raise BadRequest(f"clips={values['clips']}: allowed is a whole number from 1")


def _export(folder: Path, values: Mapping[str, str]) -> None:
    from darkhar_cli import console
    from darkhar_cli.evaluation import stored_run
    from darkhar_cli.native_stderr import quiet_start

    found = stored_run.finished_run(folder)
    stored_run.model_digests(found)
    place = Path(values["output"]).expanduser().absolute() if "output" in values else None
    for text in found.caveats():
        console.note(f"{found.folder.name}: {text}")
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli.export import exporting
    exporting.export(found, _wanted(exporting.Wanted, values, place))


def _wanted(kind: type[Wanted], values: Mapping[str, str], place: Path | None) -> Wanted:
    height, _, width = values.get("size", "").partition("x")
    return kind(
        values["format"],
        values.get("quantize") == "int8",
        (int(height), int(width)) if height else None,
        values.get("folds", "auto"),
        values.get("calibrate") == "true",
        place,
        values.get("overwrite") == "true",
        int(values["clips"]) if "clips" in values else None,
    )


VERB = Verb(
    name="export",
    summary="write a finished run's models as one model in another format, checked, with a model card",
    place=36,
    takes="a run folder, format=, quantize=, folds=, calibrate=, size=, clips=, output=, overwrite= and plugins=",
    keys=("format", "quantize", "folds", "calibrate", "size", "clips", "output", "overwrite", "plugins"),
    examples=(
        ("export RUN format=onnx", "RUN/exports/onnx: the model, its card, code that predicts a video"),
        ("export RUN format=litert quantize=int8", "int8 weights, and what they cost on the run's validation clips"),
        ("export RUN format=openvino output=DIR overwrite=true", "into a folder of your own"),
    ),
    run=run,
    notes="""
All folds' models are averaged in one model, or the final one is taken where `darkhar refit` made it. It takes uint8
frames where the run's parts allow that; of extractors that run on the host (keypoints, flow) it takes features, and
code beside it computes them. It is written only if its probabilities are the run's, within 1e-3.

  format=keras|savedmodel|onnx|openvino|litert         quantize=none|int8   (openvino, litert)
  folds=auto|all|final     auto: the final model where there is one, else all folds
  calibrate=false|true     divide logits by the temperature that fits the run's own validation scores
  size=HEIGHTxWIDTH        of frames, in litert alone (as most of the run's clips have)
  clips=N                  check on so many of the run's clips     output=DIR, overwrite=true   where it is written
""",
    bare=False,
)
