"""Trials: a command is killed or stopped, given again, and what it then holds is compared with an undisturbed run's."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from darkhar_cli.files import asides

_NOT_TABLES = ("run.json", "log.txt", "sweep.json", "report.html")


class Stage:
    """The process that forks commands.

    Args:
        place: a folder for all trials.
    """

    def __init__(self, place: Path):
        self.place = place
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DARKHAR_")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-W", "ignore", "-m", "tests.chaos.stage"]
        self._process = subprocess.Popen(command, env=environment, **pipes)
        assert self._process.stdout.readline() == "ready\n", "the stage has not come up"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, home: Path, **order: Any) -> list[dict[str, Any]]:
        """Follow an order; return what became of each of its commands."""
        home.mkdir(parents=True, exist_ok=True)
        temporary = home.with_name(f"{home.name}-tmp")
        temporary.mkdir(exist_ok=True)
        env = {"DARKHAR_HOME": str(home), "TMPDIR": str(temporary), "DARKHAR_OFFLINE": "1", "COLUMNS": "200"}
        order = {"cwd": str(home.parent), "env": env, "log": str(home.parent / f"{home.name}.log"), **order}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answers: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return answers


@dataclass
class Scenario:
    """A command, what an undisturbed run of it leaves, and how long it takes.

    Attributes:
        name: in words.
        words: the command's, without its folder.
        key: that chooses its folder.
        tables: what it leaves, file -> bytes.
        seconds: it takes.
        renames: it makes.
    """

    name: str
    words: Sequence[str]
    key: str = "hydra.run.dir"
    tables: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    renames: int = 0

    def command(self, run: Path) -> list[str]:
        """Return the words that make a run in a folder."""
        return [*self.words, f"{self.key}={run}"]

    def undisturbed(self, stage: Stage) -> None:
        """Run it as it is meant to be."""
        place = stage.place / f"{self.name}-whole"
        (answer,) = stage.run(place / "home", words=self.command(place / "run"))
        assert answer["code"] == 0, (place / "home.log").read_text()
        self.tables, self.seconds, self.renames = tables_of(place / "run"), answer["seconds"], answer["renames"]


def tables_of(run: Path) -> dict[str, bytes]:
    """Return every table of a run or sweep, and the figures drawn of them."""
    kept = (*run.rglob("*.csv"), *run.rglob("*.svg"))
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in kept if path.name not in _NOT_TABLES}


def left_behind(*folders: Path) -> list[str]:
    """Return what of dead processes is still there, by name: half-written files, claims, temporary folders."""
    found: list[str] = []
    for folder in folders:
        if folder.is_dir():
            found += [path.name for path in asides.leftovers(folder, deep=True)]
            found += [path.name for path in folder.rglob("*") if path.name.endswith((".part", ".claim"))]
            found += [path.name for path in folder.rglob(".folds")]
    return sorted(set(found))


@dataclass
class Count:
    """How often a kind of trial was made, and what came of it."""

    what: str
    tried: int = 0
    disturbed: int = 0
    same: int = 0
    worst: float = 0.0
    failures: list[str] = field(default_factory=list)

    def add(self, failure: str) -> None:
        """Count a trial; an empty text for one that ended well."""
        self.tried += 1
        self.same += not failure
        if failure:
            self.failures.append(failure)


def trial(stage: Stage, scenario: Scenario, number: int, count: Count, **disturbance: Any) -> None:
    """Disturb a run that starts from nothing, give its command again, and compare."""
    place = stage.place / f"{scenario.name}-{number}"
    words = scenario.command(place / "run")
    (first,) = stage.run(place / "home", words=words, **disturbance)
    ended = first["code"]
    count.disturbed += ended != 0
    (second,) = stage.run(place / "home", words=words)
    problems = []
    expected = {0, -9} if disturbance.get("signal", 9) == 9 else {0, 128 + disturbance["signal"]}
    if ended not in expected:
        problems.append(f"ended with {ended}")
    if first["left"] or second["left"]:
        problems.append(f"{first['left']} and {second['left']} processes were left")
    if ended > 128:
        count.worst = max(count.worst, first["since"])
    if second["code"] != 0:
        problems.append(f"given again: exit {second['code']}")
    else:
        differing = [name for name in scenario.tables if scenario.tables[name] != tables_of(place / "run").get(name)]
        problems += [f"other bytes: {', '.join(differing)}"] if differing else []
        left = left_behind(place / "run", place / "home", place / "home-tmp")
        problems += [f"left behind: {', '.join(left)}"] if left else []
    text = "; ".join(problems)
    count.add(f"{scenario.name} {disturbance}: {text} ({place})" if text else "")
    if not text:
        shutil.rmtree(place)


def kills_at_random(stage: Stage, scenario: Scenario, how_many: int, seed: int = 0) -> Count:
    """Kill a run at random moments."""
    count, draw = Count(f"SIGKILL at a random moment, {scenario.name}"), random.Random(f"{seed} {scenario.name}")
    for number in range(how_many):
        after = draw.uniform(0.0, scenario.seconds)
        trial(stage, scenario, number, count, after=after, signal=9)
    return count


def kills_at_renames(stage: Stage, scenario: Scenario, how_many: int | None = None, seed: int = 0) -> Count:
    """Kill a run right before and right after its renames; all of them, or so many."""
    count, draw = Count(f"SIGKILL before or after a rename, {scenario.name}"), random.Random(f"{seed} {scenario.name}")
    every = [(at, when) for at in range(scenario.renames) for when in ("before", "after")]
    chosen = every if how_many is None else sorted(draw.sample(every, min(how_many, len(every))))
    for number, (at, when) in enumerate(chosen):
        trial(stage, scenario, 1000 + number, count, rename=at, when=when)
    return count


def stops(stage: Stage, scenario: Scenario, how_many: int, number: int, seed: int = 0) -> Count:
    """Stop a run by Ctrl-C (2) or SIGTERM (15) at random moments."""
    name = {2: "SIGINT", 15: "SIGTERM"}[number]
    count, draw = Count(f"{name} at a random moment, {scenario.name}"), random.Random(f"{seed} {name} {scenario.name}")
    for index in range(how_many):
        after = draw.uniform(0.1, scenario.seconds)
        trial(stage, scenario, 1000 * number + index, count, after=after, signal=number)
    return count


def together(stage: Stage, scenario: Scenario, processes: int) -> Count:
    """Start a command several times at once from nothing: one preparation, one feature cache, one run folder."""
    count = Count(f"{processes} processes at once, {scenario.name}")
    place = stage.place / f"{scenario.name}-together-{processes}"
    answers = stage.run(place / "home", commands=[scenario.command(place / "run")] * processes)
    codes = [answer["code"] for answer in answers]
    differing = [name for name in scenario.tables if scenario.tables[name] != tables_of(place / "run").get(name)]
    left = left_behind(place / "run", place / "home", place / "home-tmp")
    for code in codes:
        good = code == 0 and not differing and not left
        count.add("" if good else f"{scenario.name} x{processes}: exits {codes}, other {differing}, left {left}")
    return count
