"""What a request is once its words are checked: one typed configuration per job, handed to whoever runs the job."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from omegaconf import DictConfig

from darkhar_cli.config.sweep_words import FOLD, SUBDIR, bare_key, given, job_folder, resolved
from darkhar_cli.errors import BadRequest


@dataclass(frozen=True)
class JobConfig:
    """One job's checked configuration.

    Attributes:
        words: the overrides that give it, Hydra's own among them.
        config: its settings as plain dicts, whole and checked, without the `hydra` node.
        taken_out: those of the words that nobody typed: an experiment's settings for another choice than the one typed.
        tree: as Hydra composed it, with the `hydra` node; None where it is handed to another process.
    """

    words: tuple[str, ...]
    config: Mapping[str, Any]
    taken_out: tuple[str, ...] = ()
    tree: DictConfig | None = field(default=None, repr=False, compare=False)

    @property
    def typed(self) -> tuple[str, ...]:
        """Return the words without Hydra's own settings: what overrides.yaml keeps."""
        return tuple(word for word in self.words if not bare_key(word).startswith(("hydra.", "hydra/")))

    def bare(self) -> "JobConfig":
        """Return it without Hydra's tree, to be sent to another process."""
        return replace(self, tree=None)


@dataclass
class Request:
    """A verb's whole request: the jobs it stands for, the keys that its sweep varies, and the words Hydra runs.

    `drawn`: a sweeper that is not Hydra's basic one draws the jobs; `jobs` are then examples of them, each value that
    is named once.
    """

    jobs: list[JobConfig]
    multirun: bool
    swept: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    launcher: str = "basic"
    launcher_settings: Mapping[str, Any] = field(default_factory=dict)
    drawn: bool = False

    @property
    def varying(self) -> list[str]:
        """Return the keys that make another run: all that are swept, but for the fold that a job trains alone."""
        return [key for key in self.swept if key != FOLD]

    def varied(self, job: JobConfig) -> dict[str, str]:
        """Return what the sweep varies in one job: key -> value as typed."""
        given = {bare_key(word): word.split("=", 1)[1] for word in job.words if "=" in word}
        return {key: given[key] for key in self.swept}

    def folder(self, number: int) -> str:
        """Return the folder of a job, as Hydra makes it from the job's swept words or a typed `hydra.sweep.subdir`.

        Raises:
            BadRequest: what was typed names nothing that a job has.
        """
        job = self.jobs[number]
        swept = ",".join(sorted(w for w in job.words if bare_key(w) in self.varying))
        typed = given(self.words, SUBDIR)
        if typed is None:
            return job_folder(swept)
        return resolved(SUBDIR, typed, dict(job.config), {"num": number, "id": number, "override_dirname": swept})

    def check_folders(self) -> None:
        """Refuse jobs that are the same, and jobs that would share a folder.

        Raises:
            BadRequest: names the two.
        """
        seen: dict[str, int] = {}
        for number, job in enumerate(self.jobs):
            twin = next((one for one in self.jobs[:number] if one.config == job.config), None)
            if twin:
                raise BadRequest(f"{self._named(twin)} and {self._named(job)} are the same job; give each value once")
            place = self.folder(number)
            if place in seen and _whole(self.jobs[seen[place]]) != _whole(job):
                both = f"{self._named(self.jobs[seen[place]])} and {self._named(job)}"
                cure = f"leave {SUBDIR} out, or name the job's number in it: ${{hydra.job.num}}"
                raise BadRequest(f"{both} would share the folder {place!r}; {cure}")
            seen.setdefault(place, number)

    def _named(self, job: JobConfig) -> str:
        return " ".join(word for word in job.words if bare_key(word) in self.swept) or "the job"


def _whole(job: JobConfig) -> dict[str, Any]:
    """Return the configuration of the whole run that a job is, or trains a fold of."""
    config = dict(job.config)
    return {**config, "cv": {**config["cv"], "only": None}} if "cv" in config else config
