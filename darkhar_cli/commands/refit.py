"""`darkhar refit RUN`: one model on all training clips of a finished run, for use."""

from collections.abc import Sequence
from pathlib import Path

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest


def run(words: Sequence[str]) -> None:
    """Train the final model of the run that the words name.

    Raises:
        BadRequest: no finished run, unknown words, or a run whose data are not as they were.
        FailedWork: training failed, or the run's folder cannot be written.
    """
    from darkhar_cli.config import own_parts

    files, others = own_parts.taken_from(words)
    folder, values = VERB.run_and_settings(others)
    for key, value in values.items():
        if value not in ("true", "false"):
            raise BadRequest(f"{key}={value}: allowed are true and false")
    own_parts.use(files)
    _refit(folder, values.get("fresh") == "true")


def _refit(folder: Path, fresh: bool) -> None:
    from darkhar_cli.evaluation import stored_run
    from darkhar_cli.launch.final_model import refit

    run = stored_run.finished_run(folder)
    refit(run, stored_run.settings_of(run), fresh=fresh)


VERB = Verb(
    name="refit",
    summary="train one model on all training clips of a finished run, for use by predict",
    place=35,
    takes="a run folder, fresh= and plugins=",
    keys=("fresh", "plugins"),
    examples=(
        ("refit RUN", "RUN/models/final.keras, labelled with the cross-validated estimate"),
        ("refit RUN fresh=true", "train it again"),
        ("refit RUN plugins=FILE.py", "a run with parts of your own"),
    ),
    run=run,
    notes="""
It is trained as the folds' models were, for the median of their best epochs; no clip is held out, so it has no score of
its own: expect what cross-validation found. `darkhar train ... final=true` does the same at the end of a run.
`darkhar predict` takes it where it is there.
""",
    bare=False,
)
