"""Which of the two ways a stream is trained in."""

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
