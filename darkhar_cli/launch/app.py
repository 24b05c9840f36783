"""The verbs that are Hydra apps: a checked request first, then Hydra runs its jobs.

Everything that can be wrong with a request (names, keys, types, data, folds, folders) is found before Hydra
starts a job, so that a refused request leaves nothing behind.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig, OmegaConf

from darkhar_cli.config import own_parts, schema, sweep_words
from darkhar_cli.config import request as overrides
from darkhar_cli.errors import BadRequest, nearest

# Registered where the job is defined, so that a launcher's own processes have it too.
OmegaConf.register_new_resolver("darkhar_job", sweep_words.job_folder, replace=True)

# Hydra's options that choose another program's configuration, or run what a file of pickles says.
_NOT_OURS = ("--config-name", "--config-path", "--experimental-rerun")
_FOLDERS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")
_PLUGINS = ("hydra/launcher", "hydra/sweeper")


def configuration(words: list[str], config_dir: Any = None) -> dict[str, Any]:
    """Return the checked configuration of one training job; nothing is made for it.

    Raises:
        BadRequest: a word, name or value that is not valid.
    """
    folder = _config_dir(None if config_dir is None else str(config_dir))
    files, words, _ = plugins_of(words, words)
    own_parts.use(files, Path(folder) if folder else None)
    typed = overrides.absolute_paths(words, multirun=False)
    _check_hydra(typed, multirun=False)
    return overrides.read_request("train", typed, False, folder).jobs[0].config


def run(verb: str, words: list[str], plugins: Sequence[str] = ()) -> int:
    """Run a Hydra verb with the words behind it; return the exit code.

    Raises:
        DarkharError: the request is refused, or its work failed.
    """
    if "${" in str(Path.cwd()):
        raise BadRequest(f"the working directory {Path.cwd()} has '${{' in its name, which Hydra cannot read; leave it")
    flags = _flags(words)
    multirun = flags.multirun or any(w.lstrip("+") == "hydra.mode=MULTIRUN" for w in flags.overrides)
    files, flags.overrides, words = plugins_of(flags.overrides, words)
    config_dir = _config_dir(flags.config_dir)
    folders = own_parts.use([*files, *plugins], Path(config_dir) if config_dir else None)
    typed = overrides.absolute_paths(flags.overrides, multirun)
    options = _options(words, flags)
    if flags.help or flags.hydra_help or flags.info:
        return delegate(verb, [*typed, *options])
    _check_hydra(typed, multirun)
    request = overrides.read_request(verb, typed, multirun, config_dir)
    words = [
        *request.words,
        *overrides.search_path(folders),
        *options,
    ]  # settings first: behind an option they would be read as its values
    if flags.cfg:
        return delegate(verb, words)
    from darkhar_cli.launch.jobs import launch  # reads data: not needed to refuse a wrong word

    return launch(verb, request, words, lambda w: delegate("train", w))


def plugins_of(settings: list[str], words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the files of `plugins=FILE` or `plugins=[FILE,FILE]`, and settings and words without it."""
    taken = [word for word in settings if word.startswith("plugins=")]
    files = [one.strip(" '\"") for word in taken for one in word.partition("=")[2].strip("[]").split(",")]
    return [f for f in files if f], [w for w in settings if w not in taken], [w for w in words if w not in taken]


def _config_dir(given: str | None) -> str | None:
    """Let the folder of a user's own options be read; return it, absolute.

    Raises:
        BadRequest: there is no such folder, or it may not be read.
    """
    schema.set_config_dir(None)
    if given is None:
        return None
    folder = _folder(given)
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "no such folder"
        raise BadRequest(f"--config-dir {given}: {what}; give the one that holds experiment/NAME.yaml")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise BadRequest(f"--config-dir {given}: permission denied")
    schema.set_config_dir(folder)
    return str(folder)


def _folder(given: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(given)))


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
    made = str(_folder(flags.config_dir))
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
    known = [one.removesuffix(".yaml") for one in ConfigStore.instance().list(key)]
    if name not in known:
        kind = key.partition("/")[2]
        how = f"; Hydra's others are packages of their own (pip install hydra-{name}-{kind})"
        raise BadRequest(
            f"{key}={name}: no such {kind} is installed; there is {', '.join(known)}{nearest(name, known)}{how}"
        )


def _flags(words: list[str]) -> argparse.Namespace:
    """Read Hydra's own options, wherever they stand; an unknown one is refused as everything else is."""
    parser = get_args_parser()
    known = [option for action in parser._actions for option in action.option_strings] + ["--debug", "--quiet"]

    def refuse(message: str) -> None:
        word = next((w for w in words if w.startswith("-") and w.split("=")[0] not in known), "")
        raise BadRequest(f"{message}{_hint(word, words, known)}" if word else message)

    parser.error = refuse
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


_problems: list[Exception] = []


def _job(config: DictConfig) -> float:
    """Run one job; its failure is kept for `delegate` and is not a number to a sweeper.

    Raised through Hydra it would be printed twice, and a sweep's later jobs would hide behind the first one's.
    """
    from darkhar_cli.launch.training_job import run_job

    try:
        return run_job(config)
    except Exception as problem:
        if not _problems:  # one is enough: a traceback keeps its job's model in memory
            _problems.append(problem)
        return float("nan")


def delegate(verb: str, words: list[str]) -> int:
    """Hand the words to Hydra; the first failed job's error is raised when all jobs are through."""
    _problems.clear()
    before, sys.argv = sys.argv, [f"darkhar {verb}", *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        hydra.main(version_base="1.3", config_path=str(schema.CONF), config_name=verb)(_job)()
    except SystemExit as end:  # Hydra ends the process after --help and completion
        return int(end.code or 0)
    finally:
        sys.argv = before
    if _problems:
        raise _problems[0]
    return 0
