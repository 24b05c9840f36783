"""`darkhar evaluate RUN`: a finished run's tables from its predictions, or its models on other clips."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, FailedWork, unknown

if TYPE_CHECKING:
    from darkhar_cli.data.clip_dataset import Clips
    from darkhar_cli.runs.run_folder import Run


def run(words: Sequence[str]) -> None:
    """Make a run's tables again, or score its models on the clips that the words name; print the table.

    Raises:
        BadRequest: no finished run, unknown words, other classes, or models that are not the run's.
        FailedWork: clips cannot be read, or the result cannot be written.
    """
    from darkhar_cli import console
    from darkhar_cli.config import own_parts
    from darkhar_cli.data import clip_dataset
    from darkhar_cli.evaluation import stored_run
    from darkhar_cli.evaluation.stored_run import Evaluation
    from darkhar_cli.report import terminal

    folder, asked = _read(own_parts.settled(words))
    run = stored_run.finished_run(folder)
    config = stored_run.settings_of(run)
    if not asked:
        _again(run, config)
        terminal.show_run(run)
        return
    split = next((w.removeprefix("split=") for w in reversed(asked) if w.startswith("split=")), None)
    dataset = _dataset(config["dataset"], [word for word in asked if not word.startswith("split=")])
    digests = stored_run.model_digests(run)
    clips = clip_dataset.open_clips(dataset)
    stored_run.refuse_other_classes(run, clips)
    rows = stored_run.chosen(clips, split)
    split = split or ("test" if clips.rows("test") else "all")
    place = stored_run.place_of(run, clips, split, digests)
    if (place / Evaluation.FACTS).is_file():
        console.note(f"already done: {place}")
    else:
        _work(run, config, clips, rows, place, {"split": split, "words": asked, "dataset": dataset, "files": digests})
    terminal.show_run(Evaluation(place))


def _read(words: Sequence[str]) -> tuple[Path, list[str]]:
    """Return the run's folder and the settings, each known."""
    from darkhar_cli.evaluation.stored_run import SPLITS

    settings = [
        word for word in words if word.startswith("-") or ("=" in word and not Path(word).expanduser().exists())
    ]
    for word in settings:
        key, _, value = word.partition("=")
        if not VERB.knows(word):
            raise VERB.refusal(word)
        if key == "split" and value not in SPLITS:
            raise unknown("split", value, SPLITS)
    folders = [word for word in words if word not in settings]
    if len(folders) != 1:
        given = f", not {len(folders)}: {', '.join(folders)}" if folders else ""
        raise BadRequest(f"evaluate takes one run folder{given}; for instance outputs/train/NAME split=test")
    return Path(folders[0]).expanduser(), settings


def _dataset(own: Mapping[str, Any], typed: Sequence[str]) -> dict[str, Any]:
    """Return the checked `dataset` node of what was typed; the run's own stands for what was not."""
    from darkhar_cli.config import request, schema

    keys = {request.bare_key(word) for word in typed}
    before, mappings = [], {}
    if "dataset" not in keys:
        plain = {None: "null", True: "true", False: "false"}
        values = {key: value for key, value in own.items() if key != "name" and f"dataset.{key}" not in keys}
        mappings = {key: values.pop(key) for key, value in own.items() if key in values and isinstance(value, Mapping)}
        before = [f"dataset={own['name']}"]
        before += [f"dataset.{k}={plain[v] if v is None or isinstance(v, bool) else v}" for k, v in values.items()]
    dataset = {
        **request.read_dataset([*before, *typed]),
        **mappings,
    }  # Hydra's words have no quotes for a mapping's keys
    schema.check_group("dataset", dataset)
    return dataset


def _again(run: Run, config: Mapping[str, Any]) -> None:
    from darkhar_cli.evaluation import stored_run
    from darkhar_cli.evaluation.conclusions import conclude
    from darkhar_cli.launch.drawing import draw
    from darkhar_cli.report import html
    from darkhar_cli.runs.row_labels import row_labels

    tables = _tables_of(run)
    try:
        stored_run.recompute(run, row_labels(config, config["cv"]["name"]))
        if len(run.controls()):
            _controls_again(run)
        conclude(run)
        if tables != _tables_of(run) or not (run.folder / html.NAME).is_file():
            draw(run)
    except OSError as problem:
        raise FailedWork(f"cannot write to {run.folder}: {problem.strerror or problem}") from problem


def _tables_of(run: Run) -> dict[Path, bytes]:
    """Return what the page shows: the tables, and the facts beside them."""
    files = [*(run.folder / "metrics").glob("*.csv"), run.folder / "run.json"]
    return {path: path.read_bytes() for path in files if path.is_file()}


def _controls_again(run: Run) -> None:
    """Make the tables of a run's controls again, from their own predictions."""
    from darkhar_cli.evaluation import stored_run
    from darkhar_cli.evaluation.conclusions import conclude, control_runs, gather_controls
    from darkhar_cli.runs.row_labels import row_labels

    for control in control_runs(run).values():
        config = stored_run.settings_of(control)
        stored_run.recompute(control, row_labels(config, config["cv"]["name"]))
        conclude(control)
    gather_controls(run)


def _work(
    run: Run, config: Mapping[str, Any], clips: Clips, rows: Sequence[int], place: Path, asked: Mapping[str, Any]
) -> None:
    """Score the clips with every fold's model and keep all of it."""
    from darkhar_cli import caveats, console
    from darkhar_cli.config import own_parts
    from darkhar_cli.evaluation import stored_run
    from darkhar_cli.evaluation.training_clips import trained_on
    from darkhar_cli.launch.drawing import draw_evaluation
    from darkhar_cli.native_stderr import quiet_start
    from darkhar_cli.prediction.own_code import refuse_lost_parts
    from darkhar_cli.runs.identity import changed_since
    from darkhar_cli.runs.row_labels import row_labels

    console.note(f"{clips.name}: {len(rows)} clips ({asked['split']}), {len(clips.classes)} classes")
    if len(clips.excluded):
        console.note(clips.excluded_in_words())
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli.prediction import predictor, score_models
        from darkhar_cli.training.from_config import experiment_of

    refuse_lost_parts(run)
    since = changed_since(run)
    if since:
        console.warn(f"the code is not what trained {run.folder} ({since}): its models are fed by what there is now")
    classes, seen = stored_run.classes_of(run), clips.table.loc[list(rows)]
    known = _tell_trained_on(trained_on(run, config, clips), seen["digest"].tolist())
    experiment = experiment_of(predictor.as_it_ran(config, run.facts()), clips.classes)
    predictions, how = score_models.score(run, experiment, score_models.view(clips, rows, classes))
    folds = stored_run.fold_facts(run)
    about = {"name": clips.name, "fingerprint": clips.fingerprint, "dataset": asked["dataset"]}
    facts = {
        "run": run.identity,
        "words": [*own_parts.words_in_use(), *asked["words"]],
        "split": asked["split"],
        "clips": len(rows),
        "data": {
            **about,
            "skipped": len(clips.skipped),
            "damaged": len(clips.damaged),
            "synthetic": clips.synthetic,
        },
        "models": [
            {"repeat": r, "fold": k, "weights": folds[r, k].get("weights", ""), "sha256": asked["files"][r, k]}
            for r, k in folds
        ],
        "trained_on": known,
        "caveats": caveats.stored(one for one in run.warnings() if one.kind in caveats.OF_MODELS),
        **how,
    }
    labels = row_labels({**config, "dataset": {"name": clips.name}}, config["cv"]["name"])
    facts["evaluated"] = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    stored_run.save(place, predictions, classes, labels, stored_run.epochs_of(run), facts)
    draw_evaluation(place)


def _tell_trained_on(trained: Mapping[tuple[int, int], set[str]] | None, digests: Sequence[str]) -> dict[str, Any]:
    """Warn of clips that a fold was trained on and now scores; return their counts."""
    from darkhar_cli import console

    if trained is None:
        console.warn("the run's own clips are not as they were, so whether these were trained on is not known")
        return {}
    counts = {name: sum(digest in ours for digest in digests) for name, ours in trained.items()}
    n = sum(any(digest in ours for ours in trained.values()) for digest in digests)
    if n:
        spread = sorted(set(counts.values()))
        each = f"{spread[0]} to {spread[-1]}" if len(spread) > 1 else str(spread[0])
        console.warn(
            f"{n} of {len(digests)} clips were trained on by a model that now scores them ({each} in each fold): "
            "a model scored on its own training clips says nothing about new ones"
        )
    return {"clips": n, "folds": [{"repeat": r, "fold": k, "clips": count} for (r, k), count in counts.items()]}


VERB = Verb(
    name="evaluate",
    summary="make a run's tables again from its predictions, or score its models on other clips",
    place=30,
    takes="a run folder, split=, dataset=, dataset.*=, plugins=FILE and --config-dir DIR",
    keys=("split", "dataset", "dataset.", "plugins"),
    words=("--config-dir",),
    examples=(
        ("evaluate RUN", "every table, figure and the report again, from predictions.csv"),
        ("evaluate RUN split=test", "the run's fold models on a split of its data set: train, test or all"),
        (
            "evaluate RUN dataset=NAME dataset.root=DIR [split=...] [dataset.*=...]",
            "on another data set with the same classes",
        ),
    ),
    run=run,
    notes="""
Without split= the held-out split is scored where the data set has one, else all clips. Each fold's model scores every
clip; `ensemble` averages them. The result is kept in RUN/evaluations/ and is shown when it is asked for again.
""",
    bare=False,
)
