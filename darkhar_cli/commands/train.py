"""`darkhar train`: one experiment, or a sweep of them, cross-validated; Hydra reads the words."""

from darkhar_cli.commands.contract import Verb


def run(words: list[str]) -> int:
    """Run the jobs that the words ask for; return the exit code."""
    from darkhar_cli.launch import app

    return app.run("train", words)


VERB = Verb(
    name="train",
    summary="train and score one experiment, or with -m a sweep of them, by cross-validation",
    place=10,
    takes="choices (group=option) and settings (key=value)",
    keys=(),
    examples=(
        ("train", "the embedded data set, all defaults"),
        ("train dataset=video_folder dataset.root=DIR", "your own clips"),
        (
            "train dataset=ee6222har dataset.root=DIR sampler=random enhance=histeq extractor=mobilenet",
            "every part chosen",
        ),
        ("train -m enhance=none,histeq,gamma", "every job of a sweep, with one table at the end"),
        ("train -m seed=0,1,2,3,4 enhance=none,gamma", "methods compared over seeds, on shared folds"),
        ("train experiment=smoke", "a ready-made experiment"),
        ("train ... --cfg job", "print the configuration and stop"),
    ),
    run=run,
    notes="`darkhar list [kind]` shows every option, its parameters and their meaning.",
    hydra=True,
)
