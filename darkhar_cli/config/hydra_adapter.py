"""The one place that uses Hydra's private interfaces: command-line options, file sources, jobs and sweeps.

`tests/config/test_hydra_adapter.py` says which of them an upgrade of Hydra has changed.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra._internal.core_plugins.file_config_source import FileConfigSource as FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import run_job
from hydra.plugins.config_source import ConfigSource
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

Task = Callable[[DictConfig], float]
# What `_target_` may name: launchers and sweepers, Hydra's own and its plugins'.
OWN_TARGETS = ("hydra._internal.", "hydra_plugins.")


def options_parser() -> tuple[argparse.ArgumentParser, list[str]]:
    """Return the parser of Hydra's own command-line options, and these options' names (`--cfg`, `-c`, ...)."""
    parser = get_args_parser()
    return parser, [option for action in parser._actions for option in action.option_strings]


def header_of(text: str) -> dict[str, str]:
    """Return what the comments on top of a file tell Hydra, such as its package."""
    header: dict[str, str] = ConfigSource._get_header_dict(text)
    return header


def read_files_with(source: type[ConfigSource]) -> None:
    """Let Hydra read `file://` sources with another class; it takes but one of a scheme."""
    SourcesRegistry.instance().types["file"] = source


@contextmanager
def initialized(folder: Path) -> Iterator[None]:
    """Let Hydra compose configurations from a folder of yaml files while the block runs."""
    with initialize_config_dir(str(folder), version_base="1.3"):
        _forget_plugins_of(folder)
        yield


def _forget_plugins_of(folder: Path) -> None:
    """Take out what installed plugins say of launchers that the folder has itself: it would be held against theirs."""
    for group in ("launcher", "sweeper"):
        known = ConfigStore.instance().repo.get("hydra", {}).get(group, {})
        for file in (folder / "hydra" / group).glob("*.yaml"):
            known.pop(file.name, None)


def composed_tree(verb: str, words: Sequence[str]) -> DictConfig:
    """Return the configuration of words with Hydra's own node; to be called inside `initialized`."""
    return compose(config_name=verb, overrides=list(words), return_hydra_config=True)


def files_of(verb: str, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return path and package of each file that words take, in Hydra's order; to be called inside `initialized`."""
    loader = GlobalHydra.instance().config_loader()
    taken = loader.compute_defaults_list(verb, list(words), RunMode.RUN).defaults
    return [(str(one.config_path), one.package or "") for one in taken]


def run_composed(
    conf: Path, config: DictConfig, task: Callable[[], float], folder: Path, number: int | None = None
) -> None:
    """Run a job on a composed configuration as Hydra would: its environment, logging, callbacks and folder.

    Args:
        conf: the folder of yaml files.
        config: of `composed_tree`.
        task: the job; what it raises is raised here once Hydra has put everything back.
        folder: the job's.
        number: the job's in its sweep; None for a single run.
    """
    problems: list[Exception] = []

    def kept(_: DictConfig) -> float:
        try:
            return task()
        except Exception as problem:  # raised through Hydra it would be printed twice
            problems.append(problem)
            return float("nan")

    with initialized(conf):
        _place(config, folder, number)
        context = HydraContext(config_loader=GlobalHydra.instance().config_loader(), callbacks=Callbacks(config))
        one = number is None
        if one:
            context.callbacks.on_run_start(config=config, config_name=config.hydra.job.config_name)
        done = run_job(
            hydra_context=context, task_function=kept, config=config, job_dir_key="hydra.run.dir", job_subdir_key=None
        )
        if one:
            context.callbacks.on_run_end(config=config, config_name=config.hydra.job.config_name, job_return=done)
    if problems:
        raise problems[0]


def _place(config: DictConfig, folder: Path, number: int | None) -> None:
    """Write a job's folder and number where Hydra, and a configuration that refers to them, look for them."""
    with read_write(config), open_dict(config):
        config.hydra.mode = RunMode.RUN if number is None else RunMode.MULTIRUN
        config.hydra.run.dir = str(folder).replace("${", "\\${")
        if number is not None:
            config.hydra.job.id, config.hydra.job.num = str(number), number


def multirun(folder: Path, verb: str, words: Sequence[str], task: Task) -> None:
    """Run a sweep through the launcher and sweeper that its words choose.

    Args:
        folder: of the yaml files.
        verb: whose configuration it is.
        words: the sweep's, with `hydra.sweep.dir`.
        task: a picklable job; it gets each composed configuration, in whatever process the launcher runs it.
    """
    with initialized(folder):
        GlobalHydra.instance().hydra.multirun(config_name=verb, task_function=task, overrides=list(words))


def main(folder: Path, verb: str, words: Sequence[str]) -> int:
    """Let Hydra's own program answer words that run nothing: `--help`, `--cfg`, `--info`, completion."""

    def nothing(config: DictConfig) -> None:
        raise AssertionError("these words run no job")

    before, sys.argv = sys.argv, [f"darkhar {verb}", *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        hydra.main(version_base="1.3", config_path=str(folder), config_name=verb)(nothing)()
    except SystemExit as end:  # Hydra ends the process after --help and completion
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0


def plugins_of(config: DictConfig) -> tuple[str, str]:
    """Return the names of the launcher and the sweeper that a composed configuration chooses."""
    choices = config.hydra.runtime.choices
    return str(choices["hydra/launcher"]), str(choices["hydra/sweeper"])


def launcher_settings(config: DictConfig) -> dict[str, Any]:
    """Return what the launcher that a composed configuration chooses is set to."""
    made: Any = OmegaConf.to_container(OmegaConf.select(config, "hydra.launcher"), resolve=True)
    return {str(key): value for key, value in made.items() if key != "_target_"}


def sweeper_params(config: DictConfig) -> dict[str, str]:
    """Return `hydra.sweeper.params` of a composed configuration: a sweep's words that stand in a file."""
    found = OmegaConf.select(config, "hydra.sweeper.params")
    return {str(key): str(value) for key, value in (found or {}).items()}
