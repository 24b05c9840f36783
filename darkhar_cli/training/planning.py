"""From an experiment to the plan of its execution; of its models, only each distinct stream's extractor is built."""

import inspect
import json
import random
from collections.abc import Sequence
from dataclasses import replace

import keras

from darkhar_cli import device, registry
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.features.frozen_extractor import choose_runtime, frozen_policy
from darkhar_cli.models.action_model import Part, build_extractor
from darkhar_cli.training.augmentation import Augmentations
from darkhar_cli.training.execution_plan import ClassifierPlan, ExecutionPlan, StreamPlan
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts
from darkhar_cli.training.modes import refuse_idle, resolve_mode

# Of each fusion before the classifier: what its streams share, why, and how their features stand.
_JOINED = {
    "concat": (
        ("sampler", "classifier"),
        "features side by side are of the same moments and have one classifier",
        "side by side",
    ),
    "time": (
        ("extractor", "classifier"),
        "features one after another mean the same and have one classifier",
        "one after another",
    ),
}


def plan_execution(
    experiment: Experiment, classes: Sequence[str], augment: Augmentations | None = None
) -> ExecutionPlan:
    """Resolve how an experiment is executed.

    Args:
        experiment: what is run.
        classes: of the data set.
        augment: the experiment's augmentations, where they are made already.

    Raises:
        BadRequest: weights that do not fit, a mode the extractor does not allow, parts that do not go together.
    """
    augment = augment or Augmentations(experiment.augment, experiment.reversals, experiment.setting.seed)
    streams, places = _distinct(experiment, augment)
    random_state = random.getstate()
    by_name = {name: streams[place] for name, place in places.items()}
    _refuse_mixed(by_name)
    classifiers = _classifiers(experiment, by_name, places)
    mode, why = streams[0].mode, "; ".join(dict.fromkeys(stream.why for stream in streams))
    refuse_idle(experiment.setting.train, mode, why, any(stream.extractor.trainable for stream in streams))
    augment.refuse_unseen(mode, why)
    for label in range(len(classes)):
        augment.listed(label)  # an augmentation says at once that it does not know a class
    solved = [classifier.solved for classifier in classifiers]
    if experiment.score_mirrored and mode == "features":
        _refuse_unmirrored(streams)
    if mode != "features" and any(solved):
        raise BadRequest("classifier.solver=lbfgs solves for features that do not change; use solver=gradient")
    epochs = 1 if all(solved) else experiment.setting.train.epochs
    return ExecutionPlan(tuple(streams), tuple(classifiers), mode, why, epochs, random_state)


def _distinct(experiment: Experiment, augment: Augmentations) -> tuple[list[StreamPlan], dict[str, int]]:
    """Return the distinct streams, and each name's place among them; equal frozen ones are one."""
    streams: list[StreamPlan] = []
    places: dict[str, int] = {}
    known: dict[str, int] = {}
    for name, parts in experiment.streams.items():
        key = json.dumps([parts.sampler, parts.enhance, parts.extractor])
        if key in known and not streams[known[key]].extractor.trainable:
            place = known[key]
            streams[place] = replace(streams[place], names=(*streams[place].names, name))
        else:
            place = known[key] = len(streams)
            streams.append(plan_stream(parts, experiment.setting, augment, name))
        places[name] = place
    return streams, places


def plan_stream(
    parts: StreamParts, setting: Setting, augment: Augmentations | None = None, name: str = ""
) -> StreamPlan:
    """Resolve how one stream is executed; builds its extractor.

    Args:
        parts: by name and parameters.
        setting: shared with the other streams.
        augment: the augmentations that must reach it; None: none.
        name: of the stream.

    Raises:
        BadRequest: weights that do not fit, or a mode the extractor does not allow.
    """
    sampler = registry.get("sampler", parts.sampler[0])(**parts.sampler[1])
    own = keras.config.dtype_policy().name
    # An extractor whose parameters say that it is frozen is built at once as its runtime will want it.
    likely = parts.extractor[1].get("trainable") is False and setting.train.mode != "end_to_end"
    policy = frozen_policy(setting.runtime) if likely else own
    extractor = _built(parts.extractor, policy, setting.seed)
    why_frames = augment.needs_frames(extractor) if augment else ""
    mode, why = resolve_mode(setting.train.mode, extractor, why_frames)
    runtime = choose_runtime(extractor, setting.runtime) if mode == "features" else None
    wanted = runtime.policy if runtime else own
    if extractor.backend == "keras" and wanted != policy:
        extractor = _built(parts.extractor, wanted, setting.seed)
    return StreamPlan((name,), parts, sampler, extractor, mode, why, runtime)


def _built(part: Part, policy: str, seed: int) -> Extractor:
    with device.precision(policy):
        keras.utils.set_random_seed(seed)
        return build_extractor(part)


def _classifiers(
    experiment: Experiment, streams: dict[str, StreamPlan], places: dict[str, int]
) -> list[ClassifierPlan]:
    """Return which classifier is fed from which streams."""
    fed = [(name,) for name in streams]
    if experiment.fusion != "late" and len(streams) > 1:
        _refuse_unlike(experiment, streams)
        fed = [tuple(streams)]
    parts = [experiment.streams[names[0]].classifier for names in fed]
    return [
        ClassifierPlan(
            part,
            names,
            tuple(places[name] for name in names),
            _solver(part) == "lbfgs",
            in_time=experiment.fusion == "time" and len(names) > 1,
        )
        for part, names in zip(parts, fed, strict=True)
    ]


def _solver(part: Part) -> str:
    """Return a classifier's parameter `solver`, or what stands for it."""
    takes = inspect.signature(registry.get("classifier", part[0])).parameters
    default = takes["solver"].default if "solver" in takes else "gradient"
    return part[1].get("solver", default)


def _refuse_mixed(streams: dict[str, StreamPlan]) -> None:
    modes = {stream.mode: name for name, stream in streams.items()}
    if len(modes) > 1:
        learns, other = modes["end_to_end"], modes["features"]
        raise BadRequest(
            f"streams.{learns} is trained end to end ({streams[learns].why}) and streams.{other} from features: "
            "give both train.mode=end_to_end, or extractors that are frozen"
        )


def _refuse_unlike(experiment: Experiment, streams: dict[str, StreamPlan]) -> None:
    """Refuse streams whose features cannot stand side by side, or one after another."""
    first, fusion = next(iter(streams)), experiment.fusion
    alike, why, how = _JOINED[fusion]
    if streams[first].mode != "features":
        raise BadRequest(f"fusion={fusion} puts features {how}: take extractors that are frozen, or fusion=late")
    for name, parts in experiment.streams.items():
        for kind in alike:
            if getattr(parts, kind) != getattr(experiment.streams[first], kind):
                raise BadRequest(f"fusion={fusion}: streams.{name} has another {kind} than {first!r}; {why}")


def _refuse_unmirrored(streams: Sequence[StreamPlan]) -> None:
    """Refuse to score the mirror image of features that have none."""
    for stream in streams:
        known = stream.extractor
        if known.symmetry is None:
            how = "; give train.mode=end_to_end, which mirrors frames" if known.backend == "keras" else ""
            what = f"features of extractor {known.name!r} have no mirror image"
            raise BadRequest(f"score_mirrored=true: {what}{how}")
