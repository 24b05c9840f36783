"""The verbs that are Hydra apps: a checked request first, then Hydra runs its jobs.

Everything that can be wrong with a request (names, keys, types, data, folds, folders) is found before Hydra
starts a job, so that a refused request leaves nothing behind.
"""

import os
import sys

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig, OmegaConf

from darkhar_cli import overrides, schema

# Registered where the job is defined, so that a launcher's own processes have it too.
OmegaConf.register_new_resolver("darkhar_job", overrides.job_folder, replace=True)


def run(verb: str, words: list[str]) -> int:
    """Run a Hydra verb with the words behind it; return the exit code.

    Raises:
        DarkharError: the request is refused, or its work failed.
    """
    flags = get_args_parser().parse_args(words)
    multirun = flags.multirun or any(w.lstrip("+") == "hydra.mode=MULTIRUN" for w in flags.overrides)
    typed = overrides.absolute_paths(flags.overrides, multirun)
    words = [w for w in words if w not in flags.overrides] + typed
    if flags.help or flags.hydra_help or flags.info:
        return delegate(verb, words)
    request = overrides.read_request(verb, typed, multirun, flags.config_dir)
    if flags.cfg:
        return delegate(verb, words)
    from darkhar_cli.launch import launch  # reads data: not needed to refuse a wrong word

    return launch(verb, request, words, lambda w: delegate("train", w))


def _job(config: DictConfig) -> float:
    from darkhar_cli.tasks.train import run_job

    return run_job(config)


def delegate(verb: str, words: list[str]) -> int:
    """Hand the words to Hydra; errors of the job come back as they were raised."""
    before, sys.argv = sys.argv, [f"darkhar {verb}", *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        hydra.main(version_base="1.3", config_path=str(schema.CONF), config_name=verb)(_job)()
    except SystemExit as end:  # Hydra ends the process after --help and completion
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0
