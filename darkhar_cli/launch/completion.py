"""Tab completion: the verb by us, the rest by Hydra's own shell hook."""

import os
import sys

from darkhar_cli.config import schema

_HYDRA_VERBS = ("train", "prepare")


def complete(words: list[str], verbs: list[str]) -> int:
    """Answer Hydra's shell hook (`-sc query=bash`) or print its installer (`-sc install=bash`)."""
    line = os.environ.get("COMP_LINE", "")
    typed = line.split()
    if any(word.startswith("query=") for word in words):
        if len(typed) < 2 or (len(typed) == 2 and not line.endswith(" ")):
            start = typed[1] if len(typed) == 2 else ""
            print("\n".join(verb for verb in verbs if verb.startswith(start)))
            return 0
        if typed[1] == "list":
            last = "" if line.endswith(" ") else typed[-1]
            print("\n".join(kind for kind in (*schema.GROUPS, "experiment") if kind.startswith(last)))
            return 0
        if typed[1] not in _HYDRA_VERBS:
            return 0
        _drop_verb(line, typed[1])
    from darkhar_cli.launch.app import delegate

    return delegate(typed[1] if len(typed) > 1 and typed[1] in _HYDRA_VERBS else "train", words)


def _drop_verb(line: str, verb: str) -> None:
    """Take the verb out of the line the hook sees, since Hydra knows none."""
    before = line.index(verb, line.index(sys.argv[0].rsplit("/", 1)[-1]) if sys.argv[0] in line else 0)
    os.environ["COMP_LINE"] = line[:before] + line[before + len(verb) + 1 :]
    point = int(os.environ.get("COMP_POINT", len(line)))
    os.environ["COMP_POINT"] = str(max(0, point - len(verb) - 1))
