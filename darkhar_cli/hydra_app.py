"""The verbs that are Hydra apps: a checked request first, then Hydra runs its jobs.

Everything that can be wrong with a request (names, keys, types, data, folds, folders) is found before Hydra
starts a job, so that a refused request leaves nothing behind.
"""

import argparse
import os
import sys
from pathlib import Path

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig, OmegaConf

from darkhar_cli import overrides, schema
from darkhar_cli.errors import BadRequest, nearest

# Registered where the job is defined, so that a launcher's own processes have it too.
OmegaConf.register_new_resolver("darkhar_job", overrides.job_folder, replace=True)


def run(verb: str, words: list[str]) -> int:
    """Run a Hydra verb with the words behind it; return the exit code.

    Raises:
        DarkharError: the request is refused, or its work failed.
    """
    flags = _flags(words)
    multirun = flags.multirun or any(w.lstrip("+") == "hydra.mode=MULTIRUN" for w in flags.overrides)
    if flags.config_dir:
        schema.add_config_dir(Path(flags.config_dir).resolve())
    typed = overrides.absolute_paths(flags.overrides, multirun)
    words = [w for w in words if w not in flags.overrides] + typed
    if flags.help or flags.hydra_help or flags.info:
        return delegate(verb, words)
    request = overrides.read_request(verb, typed, multirun, flags.config_dir)
    if flags.cfg:
        return delegate(verb, words)
    from darkhar_cli.launch import launch  # reads data: not needed to refuse a wrong word

    return launch(verb, request, words, lambda w: delegate("train", w))


def _flags(words: list[str]) -> argparse.Namespace:
    """Read Hydra's own options; an unknown one is refused as everything else is."""
    parser = get_args_parser()
    known = [option for action in parser._actions for option in action.option_strings] + ["--debug", "--quiet"]

    def refuse(message: str) -> None:
        word = next((w for w in words if w.startswith("-") and w.split("=")[0] not in known), "")
        hint = f"; settings have no dashes: {word.strip('-')}=..." if word else ""
        raise BadRequest(f"{message}{nearest(word, known) if word else ''}{hint}")

    parser.error = refuse
    return parser.parse_args(words)


_problems: list[Exception] = []


def _job(config: DictConfig) -> float:
    """Run one job; its failure is kept for `delegate` and is not a number to a sweeper.

    Raised through Hydra it would be printed twice, and a sweep's later jobs would hide behind the first one's.
    """
    from darkhar_cli.tasks.train import run_job

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
