"""All mistakes of a request are reported at once, each with its nearest match; a single one stays as it is."""

import pytest

from darkhar_cli.config import request
from darkhar_cli.config.mistakes import Mistakes, together
from darkhar_cli.errors import BadRequest


def lines(*words, multirun=False):
    with pytest.raises(BadRequest) as refused:
        request.read_request("train", request.absolute_paths(list(words), multirun), multirun, None)
    return str(refused.value).splitlines()


def test_every_wrong_word_has_a_line():
    said = lines("sampler=randm", "histeq", "enhance=gama", "sede=1", "train.epochs=0")
    assert said[0] == "5 mistakes:"
    assert all(line.startswith("  ") for line in said[1:])
    starts = ["'histeq' is not understood", "unknown sampler 'randm'", "unknown enhance 'gama'"]
    starts += ["unknown setting or group 'sede'", "train.epochs=0: allowed is a whole number of at least 1"]
    assert [line.strip()[: len(start)] for line, start in zip(said[1:], starts, strict=True)] == starts
    for line, meant in ((said[2], "random"), (said[3], "gamma"), (said[4], "seed")):
        assert line.endswith(f"did you mean '{meant}'?")


def test_two_parameters_of_one_part():
    said = lines("sampler.frams=3", "sampler.shrt=loop")
    assert len(said) == 3
    assert "did you mean 'frames'" in said[1]
    assert "did you mean 'short'" in said[2]


def test_what_follows_from_a_mistake_is_not_another_one():
    assert len(lines("sampler=randm", "sampler.frams=3")) == 1
    assert len(lines("dataset=ee6222har", "dataset.rot=/x")) == 1
    assert len(lines("experiment=smok", "sampler.frams=3")) == 1


def test_jobs_of_a_sweep_have_each_mistake_once():
    said = lines("enhance=none,gama", "seed=1,2", "train.epochs=0", multirun=True)
    assert [line.strip()[:15] for line in said] == ["2 mistakes:", "train.epochs=0:", "unknown enhance"]
    assert lines("sampler=randm", "seed=0,0", multirun=True)[1:][0].startswith("  seed=0,0: 0 stands twice")


def test_a_mistake_alone_stays_as_it_is():
    one = BadRequest("no").at("seed")
    assert together([one]) is one
    mistakes = Mistakes()
    for problem in (one, BadRequest("no"), together([one, BadRequest("nor this")])):
        mistakes.add(problem)
    assert [str(found) for found in mistakes.found] == ["no", "nor this"]
    assert together(mistakes.found).exit_code == 2
