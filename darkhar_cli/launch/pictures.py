"""What is to be drawn of clips: words as `train` takes them, a comma list standing for several side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.config import own_parts, schema
from darkhar_cli.config.streams import streams_of
from darkhar_cli.config.sweep_words import bare_key
from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.launch import app

if TYPE_CHECKING:
    from darkhar_cli.data.clip_dataset import Clips
    from darkhar_cli.report.clips_shown import ClipShown

Chain = Sequence[tuple[str, Mapping[str, Any]]]
PLAIN: Chain = [("none", {})]
RECORDED = "as recorded"


@dataclass(frozen=True)
class Asked:
    """What words ask for.

    Attributes:
        config: the first of the configurations that they stand for.
        chains: every enhancement chain but `none`, as typed -> (name, parameters) in order.
        samplers: every frame sampler, as typed -> (name, parameters).
        mark: a short hash of the words.
    """

    config: Mapping[str, Any]
    chains: Mapping[str, Chain]
    samplers: Mapping[str, tuple[str, Mapping[str, Any]]]
    mark: str

    def pictures_of(self) -> list[tuple[str, Chain]]:
        """Return the chains, the recorded frame before them."""
        return [(RECORDED, PLAIN), *self.chains.items()]


def read(words: Sequence[str], otherwise: Mapping[str, str]) -> Asked:
    """Return what words ask for, checked.

    Args:
        words: choices and settings, several by comma; `--config-dir=DIR` and `plugins=FILE` too.
        otherwise: a word for each group of which nothing is typed, nor an experiment that chooses it.

    Raises:
        BadRequest: a word, name or value that is not valid, or two data sets.
    """
    folder, typed = own_parts.folder_taken_from(words)
    groups = {bare_key(word).partition(".")[0] for word in typed}
    chosen = bool(groups & {"experiment", "streams"})
    missing = {} if chosen else {group: word for group, word in otherwise.items() if group not in groups}
    jobs = app.configurations(typed, folder)
    alone = [word for word in typed if bare_key(word).partition(".")[0] not in otherwise]
    # each default by itself: their combinations, of which there are many, show nothing more
    more = {group: app.configurations([*alone, word], folder) for group, word in missing.items()}
    if any(job["dataset"] != jobs[0]["dataset"] for job in jobs):
        raise BadRequest("pictures are of one data set at a time; give one value for dataset and its settings")
    mark = sha256("\n".join(sorted(words)).encode()).hexdigest()[:8]
    return Asked(jobs[0], chains_of(more.get("enhance", jobs)), samplers_of(more.get("sampler", jobs)), mark)


def chains_of(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Chain]:
    """Return every enhancement chain of configurations but `none`, as typed -> (name, parameters) in order."""
    chains: dict[str, Chain] = {}
    for parts in (stream for job in jobs for stream in streams_of(job).values()):
        chain = [(name, dict(values or {})) for name, values in parts["enhance"].items()]
        if [name for name, _ in chain] != ["none"]:
            chains[_chain_label(chain)] = chain
    return chains


def samplers_of(jobs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return every frame sampler of configurations, as typed -> (name, parameters)."""
    samplers: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for parts in (stream for job in jobs for stream in streams_of(job).values()):
        values = {key: value for key, value in parts["sampler"].items() if key != "name"}
        samplers[_label("sampler", parts["sampler"]["name"], values)] = (parts["sampler"]["name"], values)
    return samplers


def of_configuration(config: Mapping[str, Any]) -> Asked:
    """Return what the configuration of a run asks for."""
    return Asked(config, chains_of([config]), samplers_of([config]), "")


def _label(kind: str, name: str, values: Mapping[str, Any], prefix: str = "") -> str:
    """Return a part's name and the parameters that differ from its file's."""
    option = schema.options(kind).get(name)
    other = {k: v for k, v in values.items() if option is None or option.defaults.get(k) != v}
    return " ".join([name, *(f"{prefix}{key}={value}" for key, value in other.items())])


def _chain_label(chain: Chain) -> str:
    names = "+".join(name for name, _ in chain)
    prefixes = [f"{name}." if len(chain) > 1 else "" for name, _ in chain]
    rests = [
        _label("enhance", name, values, head)[len(name) :] for (name, values), head in zip(chain, prefixes, strict=True)
    ]
    return names + "".join(rests)


def open_clips(asked: Asked) -> "Clips":
    """Return the data set that the words name, prepared first where that has not been done.

    Raises:
        DarkharError: the data set is not what it should be, or clips are broken.
    """
    from darkhar_cli.data import clip_dataset

    return clip_dataset.open_clips(asked.config["dataset"])


def chosen_clips(clips: "Clips", names: Sequence[str], count: int) -> "list[ClipShown]":
    """Return the clips that are named, or so many, of each class in turn.

    Raises:
        BadRequest: a name that no clip's id ends with.
    """
    from darkhar_cli.report import clips_shown

    if names:
        return clips_shown.of_data_set(clips, [_row(clips, name) for name in names])
    each = list(clips_shown.by_class(clips, count).values())
    turns = [rows[turn] for turn in range(count) for rows in each if turn < len(rows)]
    return clips_shown.of_data_set(clips, turns[:count])


def _row(clips: "Clips", name: str) -> int:
    ids = clips.table["id"].astype(str)
    exact, ending = ids.index[ids == name], ids.index[ids.str.endswith(name)]
    found = exact if len(exact) else ending
    if not len(found):
        raise BadRequest(f"clip={name}: no clip of {clips.name} is called so{nearest(name, ids)}")
    return int(found[0])


def videos_among(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Return the files that words name, and the other words.

    Raises:
        BadRequest: a word that is neither a file nor a setting.
    """
    files = [Path(word).expanduser() for word in words if "=" not in word or Path(word).is_file()]
    for file in files:
        if not file.is_file():
            raise BadRequest(
                f"{file}: no such file; give clips, a run's folder, or words as `darkhar train` takes them"
            )
    return files, [word for word in words if "=" in word and not Path(word).is_file()]


def joined(words: Sequence[str]) -> list[str]:
    """Return words with `--config-dir DIR` as one, and without `-m`: several values stand side by side anyway."""
    folder, others = own_parts.folder_taken_from(words)
    typed = [word for word in others if word not in ("-m", "--multirun")]
    return [*typed, *([f"{own_parts.CONFIG_DIR[0]}={folder}"] if folder else [])]


def own_settings(words: Sequence[str], keys: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the values of a verb's own keys among words, and the other words."""
    own = {word.partition("=")[0]: word.partition("=")[2] for word in words if word.partition("=")[0] in keys}
    return own, [word for word in words if word.partition("=")[0] not in keys]


def number(key: str, value: str, every: int | None = None) -> int:
    """Return a count that was typed.

    Raises:
        BadRequest: it is no whole number from 1, nor `all` where that is known.
    """
    if value == "all" and every is not None:
        return every
    if not value.isdecimal() or int(value) < 1:
        raise BadRequest(f"{key}={value}: give a whole number from 1{' or all' if every is not None else ''}")
    return int(value)


def is_prepared(dataset: Mapping[str, Any]) -> bool:
    """Whether a data set is where its configuration says, and has been prepared."""
    from darkhar_cli.data import clip_dataset
    from darkhar_cli.paths import home

    try:
        mark = clip_dataset.fingerprint(dataset)
    except BadRequest:
        return False
    folder = Path(dataset.get("data_dir") or home()) / dataset["name"] / mark
    return (folder / "clips.csv").is_file()
