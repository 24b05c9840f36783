"""`darkhar prepare`: a data set's clips, checked and stored; Hydra reads the words."""

from darkhar_cli.commands.contract import Verb


def run(words: list[str]) -> int:
    """Prepare the data sets that the words ask for; return the exit code."""
    from darkhar_cli.launch import app

    return app.run("prepare", words)


VERB = Verb(
    name="prepare",
    summary="check a data set's clips and store them for fast access (train does it when needed)",
    place=20,
    takes="dataset=NAME and dataset.*=",
    keys=(),
    examples=(
        ("prepare", "the embedded data set"),
        ("prepare dataset=video_folder dataset.root=DIR", "your own clips"),
        ("prepare dataset=video_folder dataset.root=DIR dataset.on_error=skip", "without those that are broken"),
    ),
    run=run,
    hydra=True,
)
