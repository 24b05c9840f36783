"""What the user typed after the verb: paths made absolute, sweeps expanded, every job composed once and checked.

Everything here happens before Hydra runs a job and without TensorFlow, so that a wrong word is answered
at once, with what exists and the nearest match.
"""

import os
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import OverrideParseException

from darkhar_cli.config import hydra_adapter, schema
from darkhar_cli.config.checked import JobConfig, Request
from darkhar_cli.config.composition import tree_of
from darkhar_cli.config.job_reader import JobReader, check_names
from darkhar_cli.config.mistakes import Mistakes, together
from darkhar_cli.config.quotes import quote, quote_literally
from darkhar_cli.config.sweep_words import bare_key, examples, expand
from darkhar_cli.config.word_checks import groups_of
from darkhar_cli.errors import BadRequest
from darkhar_cli.paths import refuse_address


def _quoted(value: str) -> str:
    """Quote free text for Hydra, unless it is quoted or refers to another key."""
    if value[:1] in ("", "'", '"') or "${" in value:
        return value
    return quote(value)


def _absolute(value: str, literals: Iterable[str]) -> str:
    """Make one path absolute and quote it for Hydra; leave literal words, finished quotes and references alone."""
    if value[:1] in ("", "'", '"') or value in literals:
        return value
    path = os.path.abspath(os.path.expanduser(value))
    if "${" in value and not os.path.lexists(path):
        return value
    return quote_literally(path)  # a file may be called `${x}`


def _typed(keys: Iterable[str]) -> dict[str, set[str]]:
    """Return the types of the values of those of these keys that are `group.parameter`."""
    pairs = {key: key.split(".", 1) for key in keys if key.partition(".")[0] in schema.GROUPS and "." in key}
    return {key: _types_of(*pair) for key, pair in pairs.items()}


def _types_of(group: str, key: str) -> set[str]:
    """Return the types that a parameter has in the options of a group; files that do not name it are not read."""
    found = {kind for name, one in schema.shared_parameters(group).items() if name == key for kind in one.types}
    options = schema.options(group)
    for name, file in options.files.items():
        with suppress(OSError, BadRequest):
            if key.encode() in file.read_bytes() and key in options[name].parameters:
                found.update(options[name].parameters[key].types)
    return found


def absolute_paths(overrides: list[str], multirun: bool) -> list[str]:
    """Make path values absolute against the caller's folder and quote them and free text for Hydra."""
    types = _typed(map(bare_key, overrides))
    paths, texts, mappings = ({key for key in types if kind in types[key]} for kind in ("path", "str", "mapping"))
    paths |= schema.path_keys(())
    texts |= {"name"}
    literals = {"null", "none", "imagenet", "auto", schema.MISSING}
    done = []
    for override in overrides:
        key, sign, value = override.partition("=")
        bare = key.lstrip("+")
        if bare in mappings and value.startswith("{"):
            key = f"++{bare}"  # whatever keys it has: what a mapping holds no file can foresee
        if sign and bare in paths:
            refuse_address(bare, value.strip("'\""))
            sweep = multirun and not Path(value).expanduser().exists()
            if not (sweep and re.match(r"\w+\(.*\)$", value)):  # choice(...) and its like are Hydra's to read
                pieces = value.split(",") if sweep else [value]
                value = ",".join(_absolute(piece, literals) for piece in pieces)
        elif sign and bare in texts and value not in literals and not (multirun and "," in value):
            value = _quoted(value)
        done.append(f"{key}{sign}{value}")
    return done


def parse(overrides: list[str]) -> list[Override]:
    """Parse overrides with Hydra's grammar.

    Raises:
        BadRequest: a word that is no override.
    """
    try:
        return OverridesParser.create().parse_overrides(overrides)
    except OverrideParseException as problem:
        word = str(problem.override)
        if "=" not in word and Path(word).expanduser().is_dir():
            raise BadRequest(
                f"{word!r} is a folder; to take the clips in it, a folder for each class, give dataset=video_folder "
                f"dataset.root={word}"
            ) from problem
        raise BadRequest(
            f"{problem.override!r} is not understood; give choices as group=option and settings as key=value "
            f"(for instance enhance=histeq sampler.frames=16); quote values with special characters"
        ) from problem


def _parsed(words: Sequence[str], mistakes: Mistakes) -> list[Override]:
    """Return the words that can be parsed; `experiment=null` is none, for Hydra does not read it."""
    found = []
    for word in words:
        with mistakes.kept():
            found += [one for one in parse([word]) if not _no_experiment(one)]
    return found


def search_path(folders: Sequence[Path]) -> list[str]:
    """Return the word that lets Hydra find the options in folders; none without folders."""
    places = ",".join(quote(f"file://{folder.resolve()}") for folder in folders)
    return [f"hydra.searchpath=[{places}]"] if folders else []


def read_dataset(words: Sequence[str]) -> dict[str, Any]:
    """Return the checked `dataset` node of what was typed behind a verb that takes a data set alone.

    Raises:
        BadRequest: see `read_request`.
    """
    typed = absolute_paths(list(words), multirun=False)
    node: dict[str, Any] = read_request("prepare", typed, False, None).jobs[0].config["dataset"]
    return node


def read_request(verb: str, overrides: list[str], multirun: bool, config_dir: str | Path | None) -> Request:
    """Turn the words behind a verb into checked configurations.

    Raises:
        BadRequest: all that is not fully valid, before a job starts.
    """
    mistakes = Mistakes()
    parsed = _parsed(overrides, mistakes)
    extra = search_path([*dict.fromkeys([*([Path(config_dir)] if config_dir else []), *schema.own_folders()])])
    with hydra_adapter.initialized(schema.CONF):
        request = Request([], multirun)
        if multirun:
            parsed = _plugins(request, verb, parsed, extra) + parsed
        try:
            jobs = _expanded(request, parsed)
        except BadRequest as problem:
            mistakes.add(problem)
            check_names([one for one in parsed if not one.is_sweep_override()], verb, mistakes)
            raise together(mistakes.found) from problem
        reader = JobReader(verb, extra, request.swept if multirun else ())
        for words in jobs:
            with mistakes.kept():
                request.jobs.append(reader.job(words))
    mistakes.refuse()
    request.words += _taken_out(request.jobs)
    if not request.drawn:
        request.check_folders()
    return request


def read_job(verb: str, words: Sequence[str], swept: Collection[str]) -> JobConfig:
    """Return the checked configuration of one job that a sweeper has drawn, in whatever process it is started.

    Raises:
        BadRequest: all that is not fully valid.
    """
    extra = search_path(schema.own_folders())
    with hydra_adapter.initialized(schema.CONF):
        return JobReader(verb, extra, swept).job(list(words))


def _expanded(request: Request, parsed: Sequence[Override]) -> list[list[str]]:
    """Return the words of each job, or of examples where a sweeper draws the jobs; note what varies, and the words."""
    words = [one.input_line for one in parsed]
    if request.drawn:
        request.words, request.swept = words, [one.key_or_group for one in parsed if one.is_sweep_override()]
        return examples(parsed)
    jobs, request.swept, request.words = expand(words, parsed, request.multirun)
    return jobs


def _plugins(request: Request, verb: str, parsed: Sequence[Override], extra: list[str]) -> list[Override]:
    """Note the launcher and sweeper that words or own files choose; return words of `hydra.sweeper.params`."""
    fixed = [one for one in parsed if not one.is_sweep_override()]
    chosen = [o for o in fixed if o.key_or_group in groups_of(verb) or o.key_or_group.startswith("hydra")]
    if not extra and not any(one.key_or_group.startswith(("hydra/", "hydra.sweeper")) for one in chosen):
        return []
    try:
        tree = tree_of(verb, [one.input_line for one in chosen] + extra)
    except BadRequest:
        return []  # said of each job
    request.launcher, sweeper = hydra_adapter.plugins_of(tree)
    request.launcher_settings = hydra_adapter.launcher_settings(tree)
    request.drawn = sweeper != "basic"
    keys = {one.key_or_group for one in parsed}
    params = {} if request.drawn else hydra_adapter.sweeper_params(tree)
    return parse([f"{key}={value}" for key, value in params.items() if bare_key(key) not in keys])


def _no_experiment(parsed: Override) -> bool:
    """Whether a word says that no experiment is wanted, which is so without it; Hydra does not read it."""
    return parsed.key_or_group == "experiment" and not parsed.is_delete() and parsed.value() is None


def _taken_out(jobs: Sequence[JobConfig]) -> list[str]:
    """Return the words that take out settings of an experiment in every job.

    Raises:
        BadRequest: not the same ones in every job.
    """
    each = [job.taken_out for job in jobs]
    unlike = next((words for words in each if words != each[0]), None)
    if unlike is not None:
        keys = ", ".join(sorted(word.lstrip("~") for word in set(unlike) ^ set(each[0])))
        raise BadRequest(f"the experiment sets {keys}, which not all jobs of this sweep have; run them one by one")
    return list(each[0])
