"""Named statistics of each clip and a logistic regression on them: few numbers, for few training clips."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras

from darkhar_cli.classifiers.blocks import spectrum
from darkhar_cli.classifiers.blocks.clip_statistics import AMOUNTS, FLOW, ClipStatistics
from darkhar_cli.classifiers.blocks.inputs import chosen, head_inputs
from darkhar_cli.classifiers.blocks.logits import solved_logits
from darkhar_cli.classifiers.blocks.normalisation import Limit, Standardize
from darkhar_cli.classifiers.blocks.options import InputOptions, with_inputs
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.errors import BadRequest
from darkhar_cli.registry import register

_PAIR = re.compile(r"(\|?)([^:|]+):([^:|]+)(\|?)")
_RATE = "sampler=rate sampler.fps=30 sampler.steps=null"


def _pair(timeline: Timeline, entry: str) -> tuple[int, int, bool]:
    """Return where the two channels of `a:b` or `|a:b|` stand, and whether the sign is dropped."""
    found = _PAIR.fullmatch(entry)
    if not found or found[1] != found[4]:
        raise BadRequest(f"classifier.correlations: {entry!r} is not like a:b, or |a:b| for the absolute value")
    first, second = timeline.index([found[2], found[3]], "classifier.correlations")
    return first, second, bool(found[1])


def plan_of(
    timeline: Timeline,
    spectra: str | Sequence[str] = (),
    change: str | Sequence[str] = "all",
    net: str | Sequence[str] = "all",
    means: str | Sequence[str] = "all",
    correlations: Sequence[str] = (),
    flow_amounts: bool = False,
) -> tuple[dict[str, list[Any]], list[str]]:
    """Return the plan and the names of a `ClipStatistics` layer.

    Raises:
        BadRequest: no such channels, no steps of a known rate for spectra, or nothing asked for.
    """
    if (correlations or flow_amounts) and not timeline.channels:
        what = "correlations" if correlations else "flow_amounts"
        raise BadRequest(f"classifier.{what} needs channels by name, but this extractor's features have no names")
    blocks = {"spectra": spectra, "change": change, "net": net, "means": means}
    every = range(timeline.features)
    plan = {
        block: [*every] if names == "all" else timeline.index(names, f"classifier.{block}")
        for block, names in blocks.items()
    }
    if plan["spectra"] and timeline.fps is None:
        raise BadRequest(f"classifier.spectra needs steps of a known rate; sample at one, e.g. {_RATE}")
    if plan["spectra"] and timeline.fps is not None and not len(spectrum.frequencies(timeline.fps)):
        raise BadRequest(f"classifier.spectra: {timeline.fps:g} steps a second show no movement; sample e.g. {_RATE}")
    plan["correlations"] = [_pair(timeline, entry) for entry in correlations]
    plan["flow"] = timeline.index([f"lk_{name}" for name in FLOW], "classifier.flow_amounts") if flow_amounts else []
    called = timeline.channels or tuple(map(str, every))
    names = [f"spectrum.{called[i]}.{what}" for i in plan["spectra"] for what in spectrum.NAMES]
    for block, word in (("change", "change"), ("net", "net"), ("means", "mean")):
        names += [f"{word}.{called[i]}" for i in plan[block]]
    names += [f"correlation.{entry}" for entry in correlations] + [f"flow.{what}" for what in AMOUNTS if flow_amounts]
    if not names:
        raise BadRequest("classifier=statistics is asked for no statistics; give e.g. classifier.change=all")
    return plan, names


@register("classifier")
@with_inputs(clip=2.5)
def statistics(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    spectra: str | Sequence[str] = (),
    change: str | Sequence[str] = "all",
    net: str | Sequence[str] = "all",
    means: str | Sequence[str] = "all",
    correlations: Sequence[str] = (),
    flow_amounts: bool = False,
    l2: float = 0.03,
    solver: str = "lbfgs",
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32.

    The statistics are standardised over the training clips and limited to -clip..clip (the features are not); their
    names are `model.get_layer("statistics").names`.

    Raises:
        BadRequest: channels, a rate or a solver that are not there.
    """
    seen = chosen(timeline, inputs.channels)
    plan, names = plan_of(seen, spectra, change, net, means, correlations, flow_amounts)
    features, mask, x = head_inputs(timeline, replace(inputs, clip=None))
    x = ClipStatistics(plan, names, seen.fps, name="statistics")(x, mask)
    x = Standardize(name="standardize_statistics")(x)
    x = Limit(inputs.clip, name="clip")(x) if inputs.clip is not None else x
    x = solved_logits(x, n_classes, l2, solver, inputs.gain, inputs.noise)
    return keras.Model([features, mask], x, name="statistics")
