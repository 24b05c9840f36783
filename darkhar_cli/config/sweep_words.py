"""A sweep's words: the jobs they stand for, each with a folder of its own."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import combinations, product
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, IntervalSweep, Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest, nearest

_LONGEST = 120  # bytes
SUBDIR = "hydra.sweep.subdir"
FOLD = "cv.only"  # jobs that differ in it alone are parts of one run, in one folder


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


def resolved(key: str, typed: str, config: Mapping[str, Any], job: Mapping[str, Any]) -> str:
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
    """Return the words of each combination of values, in the order of Hydra's basic sweeper."""
    values: dict[str, list[str]] = {}
    for override in OverridesParser.create().parse_overrides(words):
        key = override.get_key_element()
        swept = override.is_sweep_override()
        each = list(override.sweep_string_iterator()) if swept else [override.get_value_element_as_str()]
        values[key] = [f"{key}={value}" for value in each]
    return [list(job) for job in product(*values.values())]


def examples(parsed: Sequence[Override]) -> list[list[str]]:
    """Return jobs in which each named value, and both ends of each interval, occur once: what a sweeper may draw."""
    each = []
    for one in parsed:
        key = one.get_key_element()
        each.append([f"{key}={value}" for value in _drawable(one)])
    first = [words[0] for words in each]
    others = [[*first[:i], word, *first[i + 1 :]] for i, words in enumerate(each) for word in words[1:]]
    return [first, *others]


def _drawable(override: Override) -> list[str]:
    """Return the values of one word."""
    value = override.value()
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    if isinstance(value, IntervalSweep):
        return [str(value.start), str(value.end)]
    if isinstance(value, Glob):
        return _matching(override)
    return list(override.sweep_string_iterator())


def _spelt(override: Override) -> str:
    """Return a swept word with all its values by comma: `seed=range(0,3)` is `seed=0,1,2`."""
    word, key = override.input_line, override.key_or_group
    if not override.is_discrete_sweep():
        raise BadRequest(
            f"{word}: an interval has no end of values; name them: {key}=a,b,c or {key}=range(a,b,step), "
            "or draw them with a sweeper that can (for instance hydra/sweeper=optuna)"
        )
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


# Of `hydra.sweep.subdir` in train.yaml; a launcher's process has it as soon as it knows what a job is.
OmegaConf.register_new_resolver("darkhar_job", job_folder, replace=True)
