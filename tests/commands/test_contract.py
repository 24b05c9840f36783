"""Every verb: a file of its own, a summary, keys, three examples that it takes, help at once; verbs import no verbs."""

import ast
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from darkhar_cli.commands import contract
from darkhar_cli.config import request
from darkhar_cli.errors import BadRequest

FOLDER = Path(contract.__file__).parent
VERBS = contract.verbs()


def test_every_file_is_a_verb_of_its_name():
    names = [
        "train",
        "summary",
        "search",
        "prepare",
        "check",
        "browse",
        "extract",
        "evaluate",
        "compare",
        "report",
        "figures",
        "predict",
        "refit",
        "export",
        "list",
        "cache",
        "fetch",
    ]
    assert [verb.name for verb in VERBS] == names
    assert sorted(verb.name for verb in VERBS) == contract.names()
    assert len({verb.place for verb in VERBS}) == len(VERBS)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_help_has_the_summary_and_three_examples(darkhar, verb):
    code, out, _ = darkhar(verb.name, "--help")
    assert code == 0
    assert out.startswith(f"darkhar {verb.name}: {verb.summary}\n")
    assert len(verb.examples) >= 3
    for command, does in verb.examples:
        assert command.split()[0] == verb.name
        assert f"  darkhar {command}" in out
        assert does in out
    assert max(map(len, verb.help().splitlines())) <= 120


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_examples_use_words_that_the_verb_takes(verb):
    for command, _ in verb.examples:
        words = [word.strip("[]") for word in shlex.split(command)[1:] if word != "..."]
        if verb.hydra:
            words = [word.replace("DIR", "/") for word in words if not word.startswith("-") and not verb.knows(word)]
            if "--cfg" not in command:
                reads = "train" if verb.name == "extract" else verb.name
                request.read_request(reads, words, "-m" in command, None)
            continue
        if verb.name == "search":  # what it does not know itself is train's
            others = [word for word in words if not verb.knows(word) and not word.startswith("hydra/")]
            request.read_request("train", others, False, None)
            continue
        for word in words:
            if "=" in word and not word.startswith("outputs"):
                assert verb.knows(word.replace(".*=", ".x=")), word


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.keys], ids=lambda verb: verb.name)
def test_an_unknown_key_is_refused_with_those_there_are_and_the_nearest(verb):
    near = verb.keys[0].rstrip(".") + "x"
    problem = verb.refusal(f"{near}=1")
    assert str(problem).startswith(f"{verb.name} does not know '{near}=1'; it takes {verb.takes}")
    assert f"did you mean {verb.keys[0]!r}" in str(problem)
    assert not verb.knows(f"{near}=1")
    assert not verb.knows(verb.keys[0])


def test_an_unknown_verb_is_refused_with_the_nearest():
    with pytest.raises(BadRequest, match=r"unknown verb 'evalute'; choose from train, .*; did you mean 'evaluate'"):
        contract.find("evalute")


def test_verbs_import_no_verbs():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("darkhar_cli.commands"):
                assert node.module == "darkhar_cli.commands.contract", f"{path.name}: {node.module}"


def test_all_verbs_together_import_nothing_heavy():
    code = (
        "import sys\nfrom darkhar_cli.commands import contract\ncontract.verbs()\n"
        "print([m for m in ('tensorflow', 'keras', 'pandas', 'numpy', 'hydra', 'rich') if m in sys.modules])\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_reader_that_ends_early_is_no_error():
    code = "from darkhar_cli import cli\nimport sys\nsys.exit(cli.main(['list']))\n"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes, text=True) as program:
        program.stdout.close()
        said = program.stderr.read()
    assert (said, program.returncode) == ("", 1)
