"""verb -> task. Nothing heavy is imported before the verb is known."""

import sys

from darkhar_cli import __version__, stopping
from darkhar_cli.errors import BadRequest, DarkharError, nearest

VERBS = {
    "train": "train and score one experiment, or with -m a sweep of them, by cross-validation",
    "prepare": "check a data set's clips and store them for fast access (train does it when needed)",
    "check": "measure brightness, noise and flicker of a data set's clips, beside real dark clips",
    "evaluate": "make a run's tables again from its predictions, or score its models on other clips",
    "compare": "pair finished runs clip by clip: who is better, and is that evidence",
    "list": "show every option, its parameters and their meaning",
    "cache": "show what computed features take up, and prune them",
}
HELP = """darkhar: experiments in human action recognition in dark video

usage: darkhar VERB [group=option ...] [group.parameter=value ...]

{verbs}

  darkhar train                                       the embedded data set, all defaults
  darkhar train dataset=video_folder dataset.root=DIR your own clips
  darkhar train -m enhance=none,histeq,gamma          one job for each, and a table
  darkhar VERB --help                                 the verb's choices

anywhere: --debug (show tracebacks), --quiet (results and errors only), --version
tab completion for bash: eval "$(darkhar -sc install=bash)"
"""


def main(argv: list[str] | None = None) -> int:
    """Run the program; return its exit code (0 done, 1 failed work, 2 bad request)."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug, quiet = "--debug" in words, "--quiet" in words
    words = [word for word in words if word not in ("--debug", "--quiet")]
    verb = words[0] if words else ""
    try:
        with stopping.handled(verb, whole_process=argv is None):
            return dispatch(words, quiet)
    except (stopping.Stopped, KeyboardInterrupt) as stopped:
        ended = stopping.of(stopped)
        stopping.say(verb, ended.number)
        stopping.end_children()
        return ended.exit_code
    except Exception as problem:
        if debug:
            raise
        return _report(problem)


def dispatch(words: list[str], quiet: bool) -> int:
    """Find the verb and run it."""
    if "-sc" in words or "--shell-completion" in words or "--shell_completion" in words:
        from darkhar_cli.launch.completion import complete

        return complete(words, list(VERBS))
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP.format(verbs="\n".join(f"  {verb:9}{text}" for verb, text in VERBS.items())), end="")
        return 0
    if words[0] == "--version":
        print(f"darkhar {__version__}")
        return 0
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        raise BadRequest(f"unknown verb {verb!r}; choose from {', '.join(VERBS)}{nearest(verb, VERBS)}")
    from darkhar_cli import ambient, console

    console.accept_all_text()
    console.set_quiet(quiet)
    ambient.refuse_lost_folder()
    ambient.prepare_environment()
    if verb == "list":
        from darkhar_cli.commands.list_parts import list_parts

        list_parts([word for word in rest if word not in ("-h", "--help")])
        return 0
    if verb == "cache":
        from darkhar_cli.commands.cache import cache

        cache(rest)
        return 0
    if verb == "check":
        from darkhar_cli.commands.check import check

        check(rest)
        return 0
    if verb == "evaluate":
        from darkhar_cli.commands.evaluate import evaluate

        evaluate(rest)
        return 0
    if verb == "compare":
        from darkhar_cli.commands.compare import compare_runs

        compare_runs(rest)
        return 0
    from darkhar_cli.launch import app

    return app.run(verb, rest)


def _report(problem: Exception) -> int:
    from darkhar_cli import console

    if isinstance(problem, DarkharError):
        console.error(str(problem))
        return problem.exit_code
    cause = problem.__cause__ or problem
    if type(cause).__module__.startswith(("hydra", "omegaconf")):
        console.error(f"configuration refused: {(str(cause).strip() or type(cause).__name__).splitlines()[0]}")
        return 2
    from darkhar_cli.files import disk

    if disk.is_full(problem):
        console.error(str(disk.nameless(problem)))
        return 1
    console.error(f"{type(problem).__name__}: {problem} (--debug shows where)")
    return 1
