"""Groups that file names tell of."""

import pandas as pd
import pytest

from darkhar_cli.config import request
from darkhar_cli.splits.group_patterns import PATTERNS, find_pattern, proposal


def clips(*names):
    return pd.DataFrame({"id": names, "label": [name.split("/")[-2] for name in names], "group": ""})


ARID = clips(*(f"{c}/{c}_{g}_{i}.mp4" for c in ("Run", "Walk") for g in (1, 11) for i in range(3)))


@pytest.mark.parametrize(
    ("name", "group", "count"),
    [
        ("{c}/{c}_{g}_{i}.mp4", "Run_1", 4),
        ("train/{c}/v_{c}_g0{g}_c0{i}.avi", "v_Run_g01", 4),
        ("{c}/S001C001P00{g}R00{i}A00{n}_rgb.avi", "P001", 2),
        ("{c}/person0{g}_{c}_d{i}.avi", "person01", 2),
        ("{c}/{c}-subject-{g}-take-{i}.mp4", "subject-1", 2),
        ("{c}/s0{g}_{c}_{i}.mp4", "s01", 2),
    ],
)
def test_patterns_of_known_sets(name, group, count):
    names = [name.format(c=c, g=g, i=i, n=n) for n, c in enumerate(("Run", "Walk")) for g in (1, 2) for i in range(3)]
    found = find_pattern(clips(*names))
    assert (found.group, found.groups) == (group, count)
    assert found.example == names[0].split("/")[-1]


@pytest.mark.parametrize(
    "names",
    [
        [f"{c}/IMG_{i}.mp4" for c in "ab" for i in range(6)],
        [f"{c}/{c}_{i}_0.mp4" for c in "ab" for i in range(6)],
        [f"{c}/{c}_1_{i}.mp4" for c in "ab" for i in range(6)],
        [*ARID["id"], "Run/other.mp4"],
    ],
    ids=["none", "a group each", "one group a class", "one name differs"],
)
def test_what_makes_no_groups_is_not_proposed(names):
    assert find_pattern(clips(*names)) is None


def test_a_line_is_proposed_where_groups_can_be_given_and_none_are():
    (line,) = proposal({"name": "video_folder", "group": None}, ARID)
    assert r"dataset.group='^(.+[-_]\d+)[-_]\d+\.' would make 4 groups (Run_1 of Run_1_0.mp4)" in line
    assert not proposal({"name": "ee6222har"}, ARID)
    assert not proposal({"name": "video_folder", "group": None}, ARID.assign(group="known"))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_proposed_can_be_typed(pattern, tmp_path):
    assert "'" not in pattern, "it is shown in quotes for a shell"
    words = ["dataset=video_folder", f"dataset.root={tmp_path}", f"dataset.group={pattern}"]
    words = request.absolute_paths(words, multirun=False)
    job = request.read_request("prepare", words, False, None).jobs[0]
    assert job.config["dataset"]["group"] == pattern
