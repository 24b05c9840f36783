"""Warnings are typed, stored whole, and stand beside the splits that they concern."""

import pytest

from darkhar_cli import caveats
from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.runs.run_folder import Run


def test_what_is_stored_is_read():
    every = [Caveat(kind, f"about {kind}", split) for kind in Kind for split in ("", "test")]
    assert caveats.read(caveats.stored(every)) == every
    assert caveats.stored([every[0], every[0]]) == [
        {"kind": "skipped clips", "text": "about skipped clips", "split": ""}
    ]


def test_bare_texts_of_earlier_versions_are_kept():
    assert caveats.read(["training labels are shuffled"]) == [Caveat(Kind.OTHER, "training labels are shuffled")]


@pytest.mark.parametrize(
    ("split", "concerned"),
    [
        ("", ("validation", "darkened", "test", "test_darkened")),
        ("validation", ("validation", "darkened")),
        ("test", ("test", "test_darkened")),
    ],
)
def test_darkened_clips_are_the_same_clips(split, concerned):
    caveat = Caveat(Kind.LEAK, "a leak", split)
    splits = ("validation", "darkened", "test", "test_darkened")
    assert tuple(name for name in splits if caveat.concerns(name)) == concerned


def test_a_run_warns_of_its_data_and_of_what_it_kept(tmp_path):
    run = Run(tmp_path)
    assert run.warnings() == []
    run.add_facts(data={"skipped": 2, "synthetic": True}, caveats=caveats.stored([Caveat(Kind.LEAK, "a leak", "test")]))
    assert [one.kind for one in run.warnings()] == [Kind.SKIPPED, Kind.SYNTHETIC, Kind.LEAK]
    assert run.caveats() == ["2 broken clips left out", "synthetic clips", "a leak"]


def test_each_kind_is_of_one_sort():
    assert not set(caveats.FROM_TABLES) & set(caveats.OF_MODELS)
