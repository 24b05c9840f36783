"""The verbs that are Hydra apps: a checked request first, then its jobs.

Everything that can be wrong with a request (names, keys, types, data, folds, folders) is found before a job
starts, so that a refused request leaves nothing behind.
"""

import argparse
import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from darkhar_cli.config import hydra_adapter, own_parts, schema, sweep_words
from darkhar_cli.config import request as overrides
from darkhar_cli.config.checked import Request
from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.features.shards import read_shards
from darkhar_cli.launch.launchers import chosen
from darkhar_cli.launch.outcome import Outcome

# Hydra's options that choose another program's configuration, or run what a file of pickles says.
_NOT_OURS = ("--config-name", "--config-path", "--experimental-rerun")
_FOLDERS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")
_PLUGINS = ("hydra/launcher", "hydra/sweeper")
_READ_AS = {"extract": "train"}  # verbs that take another one's words


def configuration(words: list[str], config_dir: Any = None) -> dict[str, Any]:
    """Return the checked configuration of one training job; nothing is made for it.

    Raises:
        BadRequest: a word, name or value that is not valid.
    """
    return dict(_request(words, config_dir, multirun=False).jobs[0].config)


def configurations(words: list[str], config_dir: Any = None) -> list[dict[str, Any]]:
    """Return the checked configurations that words stand for, one for each combination of values given by comma.

    Raises:
        BadRequest: a word, name or value that is not valid.
    """
    return [dict(job.config) for job in _request(words, config_dir, multirun=True).jobs]


def _request(words: list[str], config_dir: Any, multirun: bool) -> Request:
    folder = own_parts.config_dir(None if config_dir is None else str(config_dir))
    files, words = own_parts.taken_from(words)
    own_parts.use(files, folder)
    typed = overrides.absolute_paths(words, multirun)
    _check_hydra(typed, multirun)
    return overrides.read_request("train", typed, multirun, folder)


def run(verb: str, words: list[str]) -> int:
    """Run a Hydra verb with the words behind it; return the exit code.

    Raises:
        DarkharError: the request is refused, or its work failed.
    """
    return outcome(verb, words).code


def outcome(verb: str, words: list[str], plugins: Sequence[str] = ()) -> Outcome:
    """Run a Hydra verb with the words behind it, and further files with parts; return what became of it.

    Raises:
        DarkharError: the request is refused, or its work failed.
    """
    if "${" in str(Path.cwd()):
        raise BadRequest(f"the working directory {Path.cwd()} has '${{' in its name, which Hydra cannot read; leave it")
    shards, words = read_shards(words) if verb == "extract" else ([], words)
    reads = _READ_AS.get(verb, verb)
    flags = _flags(words)
    multirun = flags.multirun or any(w.lstrip("+") == "hydra.mode=MULTIRUN" for w in flags.overrides)
    files, flags.overrides = own_parts.taken_from(flags.overrides)
    words = own_parts.taken_from(words)[1]
    config_dir = own_parts.config_dir(flags.config_dir)
    folders = own_parts.use([*files, *plugins], config_dir)
    typed = overrides.absolute_paths(flags.overrides, multirun)
    options = _options(words, flags)
    if flags.help or flags.hydra_help or flags.info:
        return Outcome(hydra_adapter.main(schema.CONF, reads, [*typed, *options]))
    if len(shards) > 1 and not multirun:
        raise BadRequest(f"shard={','.join(map(str, shards))}: several need -m; or give one to each process")
    _check_hydra(typed, multirun)
    request = overrides.read_request(reads, typed, multirun, config_dir)
    if flags.cfg:  # settings first: behind an option they would be read as its values
        words = [*request.words, *overrides.search_path(folders), *options]
        return Outcome(hydra_adapter.main(schema.CONF, reads, words))
    from darkhar_cli.launch.jobs import launch  # reads data: not needed to refuse a wrong word

    return launch(verb, request, shards)


def _options(words: list[str], flags: argparse.Namespace) -> list[str]:
    """Return what is not settings of the words, `--config-dir` with its folder made absolute."""
    rest, settings = [], list(flags.overrides)
    for word in words:
        if word in settings:
            settings.remove(word)
        else:
            rest.append(word)
    if flags.config_dir is None:
        return rest
    made = os.path.abspath(os.path.expanduser(flags.config_dir))
    return [made if w == flags.config_dir else w.replace(f"={flags.config_dir}", f"={made}") for w in rest]


def _check_hydra(words: list[str], multirun: bool) -> None:
    """Refuse Hydra's own settings that would do nothing here, or name a plugin that is not installed."""
    keys = {sweep_words.bare_key(word): word for word in words}
    unused = "hydra.run." if multirun else "hydra.sweep."
    for key, word in keys.items():
        if key == "hydra":
            raise BadRequest(f"{word}: give Hydra's settings one by one, for instance hydra.run.dir=DIR")
        if key == "hydra.searchpath":
            raise BadRequest(f"{word}: give your own options' folder with --config-dir DIR")
        if key in _FOLDERS and word.partition("=")[2] in ("", "null"):
            raise BadRequest(f"{word}: give a folder, or leave it out")
        if key.startswith(unused):
            use = (
                "hydra.sweep.dir=... holds a sweep's jobs" if multirun else "hydra.run.dir=... is a single run's place"
            )
            raise BadRequest(f"{word} does nothing {'with' if multirun else 'without'} -m; {use}")
        if key in _PLUGINS:
            _check_plugin(key, word.partition("=")[2])


def _check_plugin(key: str, name: str) -> None:
    from hydra.core.config_store import ConfigStore
    from hydra.core.plugins import Plugins

    Plugins.instance()  # finds what is installed
    ours = chosen.NAMES if key == chosen.GROUP else ()
    if name in ours:
        return chosen.refuse_missing(name)
    known = [one.removesuffix(".yaml") for one in ConfigStore.instance().list(key)]
    known += [one for one in ours if one not in known]
    if name not in known:
        kind = key.partition("/")[2]
        how = f"; Hydra's others are packages of their own (pip install hydra-{name}-{kind})"
        raise BadRequest(
            f"{key}={name}: no such {kind} is installed; there is {', '.join(known)}{nearest(name, known)}{how}"
        )


def _flags(words: list[str]) -> argparse.Namespace:
    """Read Hydra's own options, wherever they stand; an unknown one is refused as everything else is."""
    parser, known = hydra_adapter.options_parser()
    known += ["--debug", "--quiet"]

    def refuse(message: str) -> None:
        word = next((w for w in words if w.startswith("-") and w.split("=")[0] not in known), "")
        raise BadRequest(f"{message}{_hint(word, words, known)}" if word else message)

    parser.error = refuse  # type: ignore[method-assign, assignment]  # argparse offers no other way
    flags = parser.parse_intermixed_args(words)
    one_of = [option for option in ("run", "multirun", "cfg", "info") if getattr(flags, option)]
    if len(one_of) > 1:
        raise BadRequest(f"--{one_of[0]} and --{one_of[1]} cannot be given together; leave one out")
    for option in _NOT_OURS:
        if getattr(flags, option.strip("-").replace("-", "_")) is not None:
            raise BadRequest(f"{option} is not taken; own files go to --config-dir DIR (DIR/experiment/NAME.yaml)")
    return flags


def _hint(word: str, words: list[str], known: list[str]) -> str:
    """Return what an unknown option may have meant: a setting, or another option."""
    key, sign, value = word.strip("-").partition("=")
    after = words[words.index(word) + 1 :][:1]
    if not sign and after and "=" not in after[0] and not after[0].startswith("-"):
        value = after[0]
    settings = schema.setting_keys()
    plain = key.replace("-", "_").lower()
    exact = [one for one in settings if plain in (one, one.rpartition(".")[2])]
    option = nearest(word.split("=")[0], known) if len(key) > 1 else ""
    if option and not exact:
        return f"{option}; settings have no dashes: {plain}=..."
    tails = {one.rpartition(".")[2]: one for one in reversed(settings)}  # people leave out `train.`
    close = exact or [
        (tails | {one: one for one in settings})[one] for one in get_close_matches(plain, [*tails, *settings], 1, 0.6)
    ]
    return f"; settings have no dashes: {close[0] if close else plain}={value or '...'}"
