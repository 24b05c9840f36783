"""A job of a sweep that Hydra's launcher runs, in whatever process: all it needs travels with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from darkhar_cli import console
from darkhar_cli.config import request, schema
from darkhar_cli.config.checked import JobConfig
from darkhar_cli.config.sweep_words import bare_key
from darkhar_cli.errors import DarkharError
from darkhar_cli.launch import sweep_jobs
from darkhar_cli.runs.run_folder import Run


@dataclass(frozen=True)
class SweepTask:
    """Runs one job of a sweep; a launcher may pickle it and call it in a fresh process.

    Attributes:
        jobs: the checked jobs by number; empty where a sweeper draws them, then each is checked when it starts.
        swept: the keys that the sweep varies.
        folders: those of the user's own options.
        quiet: whether notes are silenced.
    """

    jobs: Mapping[int, JobConfig]
    swept: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    quiet: bool = False
    failures: list[Exception] = field(default_factory=list, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "failures": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._settle()  # before the launcher composes this job's configuration again

    def _settle(self) -> None:
        """Set up in this process what the command has set up in its own."""
        schema.set_own_folders(self.folders)
        console.set_quiet(self.quiet)

    def __call__(self, config: DictConfig) -> float:
        """Run the job that Hydra has at hand; return its accuracy, or NaN where it fails, which its folder says."""
        from darkhar_cli.launch.opened import DataSets
        from darkhar_cli.launch.training_job import train

        hydra = HydraConfig.get()
        folder, number = Path(hydra.runtime.output_dir), int(hydra.job.num)
        try:
            sweep_jobs.record(number, folder)
            words = list(hydra.overrides.task)
            varied = {bare_key(word): word.partition("=")[2] for word in words if bare_key(word) in self.swept}
            console.note(sweep_jobs.heading(number, len(self.jobs), varied))
            job = self.jobs.get(number) or self._read(words, folder)
            return train(DataSets().open_job(job), folder, show=False)
        except Exception as problem:
            if not self.failures:  # one is enough: a traceback keeps its job's model in memory
                self.failures.append(problem)
            return float("nan")

    def _read(self, words: list[str], folder: Path) -> JobConfig:
        """Return the checked configuration of a job that a sweeper has drawn; a refusal is kept in its folder."""
        try:
            return request.read_job("train", words, self.swept)
        except DarkharError as problem:
            Run(folder).add_facts(overrides=words)
            Run(folder).fail(str(problem))
            raise
