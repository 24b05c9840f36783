"""`darkhar extract`: the features that `train` needs of frozen parts, computed beforehand, in shards if need be."""

from darkhar_cli.commands.contract import Verb


def run(words: list[str]) -> int:
    """Fill the feature cache for what the words ask for; return the exit code."""
    from darkhar_cli.launch import app

    return app.run("extract", words)


VERB = Verb(
    name="extract",
    summary="compute the features that train needs and keep them, all or one shard of the clips",
    place=23,
    takes="what train takes, and shard=K/N",
    keys=("shard",),
    examples=(
        ("extract extractor=mobilenet classifier=lstm", "what this experiment needs of all clips"),
        ("extract extractor=mobilenet classifier=lstm shard=0/64", "one of 64 parts, by any launcher, anywhere"),
        ("extract -m enhance=none,gamma extractor=mobilenet shard=0/2,1/2", "for a sweep, shard after shard"),
    ),
    run=run,
    notes="""Give the words of `darkhar train` and start as many processes as you like, each with its own shard, at the
same time or not, on machines that share DARKHAR_HOME (or cache_dir and dataset.data_dir). Shards differ by one clip. A
shard that was killed goes on where it was, a finished one computes nothing, and one that nobody ran is made up for by
`extract` without shard, or by `train`. With a Slurm array: shard=$SLURM_ARRAY_TASK_ID/64.""",
    hydra=True,
)
