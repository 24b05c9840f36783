"""What every classifier does with its features first: choose, normalise, limit, disturb."""

from collections.abc import Sequence
from typing import Any

import keras

from darkhar_cli.classifiers.blocks.disturbance import ChannelGain, StepNoise
from darkhar_cli.classifiers.blocks.normalisation import Centre, InstanceNorm, Limit, SelectChannels, Standardize
from darkhar_cli.classifiers.blocks.options import InputOptions
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.errors import BadRequest


def chosen(timeline: Timeline, channels: str | Sequence[str]) -> Timeline:
    """Return the timeline that a classifier sees of one.

    Args:
        timeline: what the extractor gives.
        channels: names of the wanted channels in the wanted order, or `all`.

    Raises:
        BadRequest: there are no such channels, or none is wanted.
    """
    if channels == "all":
        return timeline
    if not channels or isinstance(channels, str):
        raise BadRequest(f"classifier.channels={channels!r}: allowed is all, or a list of channels, at least one")
    timeline.index(channels, "classifier.channels")
    return Timeline(len(channels), tuple(channels), timeline.fps)


def head_inputs(timeline: Timeline, options: InputOptions) -> tuple[Any, Any, Any]:
    """Return a classifier's inputs (B, T, F) and mask (B, T) bool, and the features (B, T, C) it goes on with.

    What padded steps hold is left to the classifier, which masks them.

    Raises:
        BadRequest: no such channels.
    """
    seen = chosen(timeline, options.channels)
    features = keras.Input((None, timeline.features), name="features")
    mask = keras.Input((None,), dtype="bool", name="mask")
    x = features
    if seen is not timeline:
        x = SelectChannels(timeline.index(seen.channels, "classifier.channels"), name="channels")(x)
    centred = range(seen.features) if options.centre == "all" else seen.index(options.centre, "classifier.centre")
    if len(centred):
        x = Centre([i in centred for i in range(seen.features)], name="centre")(x, mask)
    if options.instance_norm:
        x = InstanceNorm(name="instance_norm")(x, mask)
    if options.standardize:
        x = Standardize(name="standardize")(x)
    if options.clip is not None:
        x = Limit(options.clip, name="clip")(x)
    if options.gain:
        x = ChannelGain(options.gain, name="gain")(x)
    if options.noise:
        x = StepNoise(options.noise, name="noise")(x)
    return features, mask, x
