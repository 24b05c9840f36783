"""A whole search: a study for each outer fold and one for all training clips, then what they found, in tables."""

import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from darkhar_cli import console
from darkhar_cli.config import own_parts, request
from darkhar_cli.config.checked import Request
from darkhar_cli.config.mistakes import Mistakes
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.files.tables import write_text
from darkhar_cli.launch import launched
from darkhar_cli.launch.folders import claimed, refuse_unwritable
from darkhar_cli.launch.launchers import chosen, surroundings
from darkhar_cli.launch.launchers.contract import Task
from darkhar_cli.launch.search import results
from darkhar_cli.launch.search.space import Space, read_space
from darkhar_cli.launch.search.study import Study
from darkhar_cli.runs.run_folder import Run


@dataclass(frozen=True)
class Settings:
    """What a search takes beside an experiment.

    Attributes:
        space: the yaml file of what is drawn.
        trials: of each study.
        inner_folds: that a trial is scored on.
        prune: whether trials that fall behind are ended early.
        folder: None: named by the experiment and the space.
    """

    space: Path
    trials: int = 20
    inner_folds: int = 3
    prune: bool = True
    folder: Path | None = None


def search(settings: Settings, words: Sequence[str], config_dir: str | None = None) -> int:
    """Run a search, or go on with it, and show what it found; return the exit code.

    Raises:
        DarkharError: the experiment or the space is wrong, the data do not allow inner folds, or a study failed.
    """
    if find_spec("optuna") is None:
        raise BadRequest("search needs optuna, which is not installed: pip install 'darkhar[optuna]'")
    asked = _request(list(words), config_dir)
    base = tuple(word for word in asked.jobs[0].typed)
    space = read_space(settings.space)
    _check(space, base)
    first = Study(base, space, None, Path(), settings.trials, settings.inner_folds, settings.prune)
    job = first.opened()
    mark = sha256(repr((job.identity, space, settings.inner_folds, settings.prune)).encode()).hexdigest()[:12]
    name = job.config["name"] or settings.space.stem
    folder = (settings.folder or Path("outputs", "search", f"{name}-{mark}")).absolute()
    refuse_unwritable(folder, "folder")
    if Run(folder).identity not in (None, mark):
        raise BadRequest(f"{folder} holds another search (other words, space or data); choose another folder=...")
    studies = [
        Study(base, space, fold, folder, settings.trials, settings.inner_folds, settings.prune)
        for fold in [*range(len(job.plan.folds)), None]
    ]
    for study in studies[:-1]:
        study.inner_folds(job)  # refused before anything is trained
    folder = claimed(folder, False, "folder")
    Run(folder).add_facts(identity=mark, overrides=[f"space={settings.space}", *words])
    write_text(folder / "space.yaml", settings.space.read_text(encoding="utf-8"))
    console.note(f"search in {folder}: {len(job.plan.folds)} outer folds, {settings.trials} trials each")
    problem = _run(asked, studies, folder)
    results.save_trials(folder, studies)
    if problem:
        raise FailedWork(problem)
    results.save_scores(folder, studies, job)
    results.show(folder, studies, shlex.join(["darkhar", "train", *own_parts.words_in_use(), *base]))
    return 0


def _request(words: list[str], config_dir: str | None) -> Request:
    folder = own_parts.config_dir(config_dir)
    files, words = own_parts.taken_from(words)
    own_parts.use(files, folder)
    typed = request.absolute_paths(words, True)
    asked = request.read_request("train", typed, True, folder)
    if asked.swept or asked.drawn:
        raise BadRequest(f"{asked.swept[0] if asked.swept else 'hydra/sweeper'}: what is searched stands in space=FILE")
    if asked.jobs[0].config["cv"].get("only") is not None:
        raise BadRequest("cv.only: a search scores all outer folds; leave it out")
    launched.check(asked)
    return asked


def _check(space: Space, base: Sequence[str]) -> None:
    """Refuse a space with values that are not valid, all of them at once."""
    mistakes = Mistakes()
    for drawn in space.examples():
        with mistakes.kept():
            request.read_job("train", [*base, *drawn], ())
    mistakes.refuse()


def _run(asked: Request, studies: Sequence[Study], folder: Path) -> str:
    """Run the studies, here or by a launcher; return the first problem in words."""
    if asked.launcher not in chosen.NAMES:
        for study in studies:
            study()
        return ""
    launcher = chosen.build_launcher(asked.launcher, asked.launcher_settings, folder / ".submitit")
    problem = ""
    with tempfile.TemporaryDirectory(prefix="darkhar-") as shared:
        around = surroundings.of_this_process(
            launcher.threads, launcher.devices, Path(shared), launcher.ends_with_command
        )
        for done in launcher.run([Task(((number, study),), around) for number, study in enumerate(studies)]):
            for ended in done:
                console.note(f"study {studies[ended.number].name}: {ended.problem or 'done'}")
                problem = problem or ended.problem
    return problem
