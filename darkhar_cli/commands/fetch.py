"""`darkhar fetch`: pretrained weights, downloaded before they are needed; `--list` shows what there is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, FailedWork, unknown

if TYPE_CHECKING:
    from darkhar_cli.weights.catalogue import Weights

_KEYS = ("alpha", "variant", "source")
_LIST = "--list"
_KINDS = ("kaggle", "npm", "keras")


def run(words: Sequence[str]) -> int | None:
    """Download the named weights where they are not here, or list all; return 1 where one could not be had.

    Raises:
        BadRequest: an unknown word, parameter or source.
        FailedWork: a single one cannot be downloaded.
    """
    from darkhar_cli.weights import catalogue, lookup

    settings = {key: value for key, _, value in (word.partition("=") for word in words if VERB.knows(word))}
    names = [word for word in words if not VERB.knows(word) and word != _LIST]
    for word in names:
        if word.startswith("-") or "=" in word:
            raise VERB.refusal(word)
    source = settings.pop("source", None)
    if source not in (None, *_KINDS):
        raise unknown("source", str(source), _KINDS)
    if not names and _LIST not in words:
        raise BadRequest(f"name what to fetch: {', '.join(lookup.words())}, or all; or give {_LIST}")
    chosen = list(dict.fromkeys(one for name in names for one in lookup.named(name, settings)))
    if _LIST in words:
        _show(chosen or catalogue.CATALOGUE)
        return None
    _refuse_without(chosen, source)
    return _fetch(chosen, source)


def _refuse_without(chosen: Sequence["Weights"], source: str | None) -> None:
    """Refuse a source that some of the weights do not have."""
    for one in chosen:
        kinds = [known.kind for known in one.sources]
        if source and source not in kinds:
            raise BadRequest(f"{one.title} comes from {' or '.join(kinds)}, not from source={source}")


def _fetch(chosen: Sequence["Weights"], source: str | None) -> int | None:
    """Fetch one after the other; of several, those that cannot be had do not keep the others from coming."""
    from darkhar_cli import console
    from darkhar_cli.weights import fetching, store

    failed = []
    for one in chosen:
        try:
            here = None if source else store.present(one)
            path = here or fetching.fetch(one, source)
        except FailedWork as problem:
            if len(chosen) == 1:
                raise
            console.error(str(problem))
            failed.append(one.title)
            continue
        console.out.print(f"{one.title}: {'is here: ' if here else ''}{path}", soft_wrap=True)
    if failed:
        console.error(f"{len(failed)} of {len(chosen)} could not be fetched: {', '.join(failed)}")
    return 1 if failed else None


def _show(chosen: Sequence["Weights"]) -> None:
    """Print each file: what needs it, licence, whether it is here, and its sources with size and hash."""
    from rich.text import Text

    from darkhar_cli import console
    from darkhar_cli.weights import store

    for one in chosen:
        lines = [("extractors", ", ".join(one.extractors)), ("licence", one.licence), ("present", _presence(one))]
        for source in one.sources:
            size = f", {source.size / 1e6:.1f} MB" if source.size else ""
            pinned = source.sha256 or (f"unpinned; md5 {source.md5}" if source.md5 else "unpinned")
            lines += [("file", f"{source.file}{size}"), ("source", f"{source.kind}: {source.page}")]
            lines += [("note", source.note)] if source.note else [("sha256", pinned)]
        console.out.print(Text.assemble((one.command, "bold"), f"  {one.title}"), soft_wrap=True)
        for name, value in lines:
            console.out.print(f"  {name:11}{value}", soft_wrap=True)
    searched = ", ".join(map(str, store.folders()))
    console.note(f"searched: {searched}, and {store.keras_folder()} for networks of Keras")


def _presence(one: "Weights") -> str:
    """Return in words where a file is, whose hash is recorded, or that there is none."""
    from darkhar_cli.weights import store

    try:
        path = store.present(one)
    except FailedWork as problem:
        return f"no: {problem}"
    if path is None:
        return "no"
    record = store.record_of(path)
    since = f" (downloaded {record.downloaded}, sha256 {record.sha256})" if record else ""
    return f"{path}{since}"


VERB = Verb(
    name="fetch",
    summary="download pretrained weights, or list them",
    place=48,
    takes=f"{_LIST}, names of weights or extractors, all, and {', '.join(_KEYS)}",
    keys=_KEYS,
    examples=(
        ("fetch --list", "every file: licence, source, size, hash, where it is"),
        ("fetch movenet", "MoveNet Lightning, for pose, flow, pose_flow, movenet"),
        ("fetch thunder convnext_small", "several"),
        ("fetch mobilenet alpha=0.25", "of several sizes this one"),
        ("fetch movenet source=npm", "from this source: kaggle, npm or keras"),
        ("fetch all", "all of the list"),
    ),
    run=run,
    notes=(
        "Runs download by themselves what they need and do not find. Files are kept in models under $DARKHAR_HOME\n"
        "(~/.cache/darkhar); the folder $DARKHAR_MODELS is searched first. DARKHAR_OFFLINE=1 forbids downloads."
    ),
    words=(_LIST, "all"),
    bare=False,
)
