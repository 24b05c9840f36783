"""Which of the two ways a stream is trained in, and settings that only one of them knows."""

import keras

from darkhar_cli.config.settings import TrainSettings
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor


def resolve_mode(requested: str, extractor: Extractor, needs_frames: str = "") -> tuple[str, str]:
    """Return `end_to_end` or `features` for `train.mode`, and the reason.

    Args:
        requested: `auto`, `end_to_end` or `features`.
        extractor: built.
        needs_frames: why features will not do, if so.

    Raises:
        BadRequest: the extractor does not allow what was asked for.
    """
    if extractor.scope == "pair" and not needs_frames:
        needs_frames = f"{extractor.name} sees each sampled frame with the one before it"
    if needs_frames and extractor.backend == "host":
        raise BadRequest(f"{needs_frames}, but extractor {extractor.name!r} runs on the host, on features alone")
    if needs_frames and requested == "features":
        raise BadRequest(f"train.mode=features: {needs_frames}; use train.mode=auto")
    if requested == "auto":
        if extractor.trainable:
            return "end_to_end", f"{extractor.name} learns"
        if needs_frames:
            return "end_to_end", needs_frames
        return "features", f"enhancement and {extractor.name} are frozen, so each frame is computed once"
    if requested == "end_to_end" and extractor.backend == "host":
        raise BadRequest(
            f"train.mode=end_to_end: extractor {extractor.name!r} runs on the host; use train.mode=features"
        )
    if requested == "features" and extractor.trainable:
        raise BadRequest(f"train.mode=features: extractor {extractor.name!r} learns; use train.mode=end_to_end")
    return requested, "as asked"


def refuse_idle(train: TrainSettings, mode: str, why: str, learns: bool) -> None:
    """Refuse settings of a large model's training where there is none, or that do not go together.

    Args:
        train: the settings.
        mode: that training is done in.
        why: this mode.
        learns: whether an extractor does.

    Raises:
        BadRequest: names the setting, and what to take.
    """
    parts = [f"train.accumulate={train.accumulate}"] * (train.accumulate > 1)
    parts += [f"train.distribute={train.distribute}"] * (train.distribute != "none")
    if parts and mode == "features":
        raise BadRequest(
            f"{' '.join(parts)}: classifiers on stored features are too small to gain from it ({why}); it is for "
            "extractors that learn and for train.mode=end_to_end; darkhar extract computes features side by side"
        )
    if train.distribute != "none" and keras.config.dtype_policy().name == "mixed_float16":
        raise BadRequest(
            f"train.distribute={train.distribute}: Keras cannot scale losses of mixed_float16 on several devices; give "
            "train.precision=mixed_bfloat16 or float32"
        )
    slow = [f"train.extractor_rate={train.extractor_rate}"] * (train.extractor_rate != 1)
    slow += [f"train.extractor_warm_up={train.extractor_warm_up}"] * (train.extractor_warm_up > 0)
    if slow and not learns:
        raise BadRequest(f"{' '.join(slow)}: no extractor learns; give extractor.trainable=true where it has that")
    if learns and train.extractor_warm_up >= train.epochs:
        raise BadRequest(
            f"train.extractor_warm_up={train.extractor_warm_up}: the extractor would not learn in any of "
            f"train.epochs={train.epochs}; give fewer, or more epochs"
        )
