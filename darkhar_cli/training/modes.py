"""Which of the two ways a stream is trained in."""

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor


def resolve_mode(asked: str, extractor: Extractor, needs_frames: str = "") -> tuple[str, str]:
    """Return `end_to_end` or `features` for `train.mode`, and the reason.

    Args:
        asked: `auto`, `end_to_end` or `features`.
        extractor: built.
        needs_frames: why features will not do, if so.

    Raises:
        BadRequest: the extractor does not allow what was asked for.
    """
    if needs_frames and extractor.backend == "host":
        raise BadRequest(f"{needs_frames}, but extractor {extractor.name!r} runs on the host, on features alone")
    if needs_frames and asked == "features":
        raise BadRequest(f"train.mode=features: {needs_frames}; use train.mode=auto")
    if asked == "auto":
        if extractor.trainable:
            return "end_to_end", f"{extractor.name} learns"
        if needs_frames:
            return "end_to_end", needs_frames
        return "features", f"enhancement and {extractor.name} are frozen, so each frame is computed once"
    if asked == "end_to_end" and extractor.backend == "host":
        raise BadRequest(
            f"train.mode=end_to_end: extractor {extractor.name!r} runs on the host; use train.mode=features"
        )
    if asked == "features" and extractor.trainable:
        raise BadRequest(f"train.mode=features: extractor {extractor.name!r} learns; use train.mode=end_to_end")
    return asked, "as asked"
