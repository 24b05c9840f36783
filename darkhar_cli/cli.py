"""The program: finds the verb, runs it, and turns whatever goes wrong into one message and an exit code."""

import os
import sys

from darkhar_cli import __version__, stopping
from darkhar_cli.commands import contract
from darkhar_cli.errors import DarkharError

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
            return dispatch(words, quiet, whole_process=argv is None)
    except (stopping.Stopped, KeyboardInterrupt) as stopped:
        ended = stopping.of(stopped)
        stopping.say(verb, ended.number)
        stopping.end_children()
        return ended.exit_code
    except BrokenPipeError:  # who reads our output has seen enough, as `| head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as problem:
        if debug:
            raise
        return _report(problem)


def dispatch(words: list[str], quiet: bool, whole_process: bool = False) -> int:
    """Find the verb and run it, or print help; where the process is ours, with temporary files of its own."""
    if "-sc" in words or "--shell-completion" in words or "--shell_completion" in words:
        from darkhar_cli.launch.completion import complete

        return complete(words, {verb.name: verb.completions() for verb in contract.verbs()})
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP.format(verbs="\n".join(f"  {verb.name:9}{verb.summary}" for verb in contract.verbs())), end="")
        return 0
    if words[0] == "--version":
        print(f"darkhar {__version__}")
        return 0
    verb, rest = contract.find(words[0]), words[1:]
    from darkhar_cli import ambient, console

    console.accept_all_text()
    console.set_quiet(quiet)
    ambient.refuse_lost_folder()
    ambient.prepare_environment()
    if {"-h", "--help"} & set(rest) or not (rest or verb.bare):
        print(verb.help(), end="\n" if verb.hydra else "")
        if not verb.hydra:
            return 0
    if not whole_process:
        return verb.run(rest) or 0
    from darkhar_cli.files import temporary

    with temporary.own_folder():
        return verb.run(rest) or 0


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
