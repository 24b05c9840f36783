"""A sweep's words: the jobs they stand for, each with a folder of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest, nearest

_LONGEST = 120  # bytes
_SUBDIR = "hydra.sweep.subdir"


@dataclass
class Job:
    """One composed configuration: plain dicts without the `hydra` node, and the overrides that gave it.

    `taken_out` are those of them that nobody typed: an experiment's settings for another choice than the one typed.
    """

    overrides: list[str]
    config: dict[str, Any]
    taken_out: list[str] = field(default_factory=list)


@dataclass
class Request:
    """A verb's whole request: the jobs it stands for, the keys that its sweep varies, and the words Hydra runs."""

    jobs: list[Job]
    multirun: bool
    swept: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def varied(self, job: Job) -> dict[str, str]:
        """Return what the sweep varies in one job: key -> value as typed."""
        given = {bare_key(word): word.split("=", 1)[1] for word in job.overrides if "=" in word}
        return {key: given[key] for key in self.swept}

    def folder(self, number: int) -> str:
        """Return the folder of a job, as Hydra makes it from the job's swept words or a typed `hydra.sweep.subdir`.

        Raises:
            BadRequest: what was typed names nothing that a job has.
        """
        job = self.jobs[number]
        swept = ",".join(sorted(w for w in job.overrides if bare_key(w) in self.swept))
        typed = given(self.words, _SUBDIR)
        if typed is None:
            return job_folder(swept)
        return resolved(_SUBDIR, typed, job.config, {"num": number, "id": number, "override_dirname": swept})

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
            if place in seen:
                both = f"{self._named(self.jobs[seen[place]])} and {self._named(job)}"
                cure = f"leave {_SUBDIR} out, or name the job's number in it: ${{hydra.job.num}}"
                raise BadRequest(f"{both} would share the folder {place!r}; {cure}")
            seen[place] = number

    def _named(self, job: Job) -> str:
        return " ".join(word for word in job.overrides if bare_key(word) in self.swept) or "the job"


def bare_key(word: str) -> str:
    """Return the key of an override, without `+`, `++` or `~`."""
    return word.lstrip("+~").split("=", 1)[0]


def given(words: Sequence[str], key: str) -> str | None:
    """Return the value typed last for a key, without Hydra's quotes."""
    word = next((w for w in reversed(words) if bare_key(w) == key and "=" in w), None)
    if word is None:
        return None
    value = OverridesParser.create().parse_override(word).value()
    return value if isinstance(value, str) else word.split("=", 1)[1]


def resolved(key: str, typed: str, config: dict[str, Any], job: dict[str, Any]) -> str:
    """Return a typed folder with what its `${...}` stand for in a job.

    Raises:
        BadRequest: one stands for nothing.
    """
    if "${" not in typed:
        return typed
    tree = OmegaConf.create({**config, "hydra": {"job": {"name": "train", **job}}})
    try:
        return str(OmegaConf.select(OmegaConf.create({"place": typed, **tree}), "place"))
    except OmegaConfBaseException as problem:
        raise BadRequest(f"{key}={typed}: {str(problem).strip().splitlines()[0]}") from problem


def expand(
    words: list[str], parsed: Sequence[Override], multirun: bool
) -> tuple[list[list[str]], list[str], list[str]]:
    """Return the overrides of every job, the keys that vary between them, and the words with their values spelt out.

    Raises:
        BadRequest: several values without `-m`, or a sweep that stands for no jobs, or for the same one twice.
    """
    swept = [o for o in parsed if o.is_sweep_override()]
    if not multirun:
        for override in swept:
            raise BadRequest(f"{override.input_line}: several values need -m (one job for each)")
        return [words], [], words
    keys = [o.key_or_group for o in swept]
    for override in swept:
        key = override.key_or_group
        if key.startswith("hydra"):
            raise BadRequest(f"{override.input_line}: Hydra's own settings cannot be swept; give one value")
        if [o.key_or_group for o in parsed].count(key) > 1:
            raise BadRequest(f"{override.input_line}: {key} is given more than once; give all its values at once")
    spelt = [_spelt(o) if o.is_sweep_override() else o.input_line for o in parsed]
    return _product(spelt), keys, spelt


def _product(words: list[str]) -> list[list[str]]:
    batches = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(words), max_batch_size=None)
    return [list(job) for batch in batches for job in batch]


def _spelt(override: Override) -> str:
    """Return a swept word with all its values by comma: `seed=range(0,3)` is `seed=0,1,2`."""
    word, key = override.input_line, override.key_or_group
    if not override.is_discrete_sweep():
        raise BadRequest(f"{word}: an interval has no end of values; name them: {key}=a,b,c or {key}=range(a,b,step)")
    if isinstance(override.value(), Glob):
        values = _matching(override)
    else:
        try:
            values = list(override.sweep_string_iterator())
        except (HydraException, ValueError, ArithmeticError) as problem:
            raise BadRequest(f"{word}: {str(problem).strip()}; name the values: {key}=a,b,c") from problem
    if not values:
        raise BadRequest(f"{word} stands for no value; name them: {key}=a,b,c")
    twice = next((a for a, b in combinations(sorted(values), 2) if a == b), None)
    if twice is not None:
        raise BadRequest(f"{word}: {twice} stands twice; each job must be another, so give each value once")
    return f"{word.split('=', 1)[0]}={','.join(values)}"


def _matching(override: Override) -> list[str]:
    """Return the options that a glob stands for."""
    group = override.key_or_group
    if group not in (*schema.GROUPS, "experiment"):
        raise BadRequest(f"{override.input_line}: glob() goes over the options of a group; {group} has none")
    names = override.value().filter(list(schema.options(group)))
    if not names:
        pattern = " ".join(override.value().include)
        raise BadRequest(
            f"{override.input_line}: no {group} fits {pattern!r}; there are {', '.join(schema.options(group))}"
            f"{nearest(pattern, schema.options(group))}"
        )
    return names


def job_folder(swept: str) -> str:
    """Return a folder name made of text: readable, safe, short enough for any file system, and no other text's."""
    plain = swept.replace("[", "").replace("]", "").replace("'", "")
    safe = re.sub(r"[^\w.,=+-]+", "_", plain)
    cut = safe.encode()[:_LONGEST].decode(errors="ignore")
    if cut == plain and cut.strip("."):
        return cut
    if not swept:
        return "job"
    return f"{cut.strip('.') or 'job'}-{sha256(swept.encode(errors='surrogateescape')).hexdigest()[:6]}"
