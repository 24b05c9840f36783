"""Tab completion: the verb by us, the rest by Hydra's own shell hook."""

import os
import sys
from collections.abc import Mapping, Sequence

from darkhar_cli.config import schema


def complete(words: list[str], verbs: Mapping[str, Sequence[str] | None]) -> int:
    """Answer Hydra's shell hook (`-sc query=bash`) or print its installer (`-sc install=bash`).

    Args:
        words: what the program was given.
        verbs: what each verb takes; None where Hydra knows.
    """
    line = os.environ.get("COMP_LINE", "")
    typed = line.split()
    if any(word.startswith("query=") for word in words):
        if len(typed) < 2 or (len(typed) == 2 and not line.endswith(" ")):
            start = typed[1] if len(typed) == 2 else ""
            print("\n".join(verb for verb in verbs if verb.startswith(start)))
            return 0
        takes = (*schema.GROUPS, "experiment") if typed[1] == "list" else verbs.get(typed[1], ())
        if takes is not None:
            last = "" if line.endswith(" ") else typed[-1]
            print("\n".join(word for word in takes if word.startswith(last)))
            return 0
        _drop_verb(line, typed[1])
    from darkhar_cli.config import hydra_adapter

    verb = typed[1] if len(typed) > 1 and verbs.get(typed[1], ()) is None else "train"
    verb = verb if (schema.CONF / f"{verb}.yaml").is_file() else "train"  # whose words others take
    return hydra_adapter.main(schema.CONF, verb, words)


def _drop_verb(line: str, verb: str) -> None:
    """Take the verb out of the line the hook sees, since Hydra knows none."""
    before = line.index(verb, line.index(sys.argv[0].rsplit("/", 1)[-1]) if sys.argv[0] in line else 0)
    os.environ["COMP_LINE"] = line[:before] + line[before + len(verb) + 1 :]
    point = int(os.environ.get("COMP_POINT", len(line)))
    os.environ["COMP_POINT"] = str(max(0, point - len(verb) - 1))
