"""What tables and controls give reason to say, and where it then stands."""

import pandas as pd
import pytest

from darkhar_cli import caveats
from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.evaluation.conclusions import conclude, gather_controls
from darkhar_cli.evaluation.verdict import judge
from tests.helpers.made_runs import made_run, predictions

TWELVE = [f"g{i // 5:02}" for i in range(60)]  # twelve groups of five clips


def right_in(groups, *of):
    """Return which clips are right: so many of each group in turn."""
    return [i % 5 < of[(i // 5) % len(of)] for i in range(len(groups))]


def kinds(run):
    return [caveat.kind for caveat in run.warnings()]


def with_controls(run, **right):
    for name, of in right.items():
        made_run(run.folder / "controls" / f"control_{name}", predictions(right_in(TWELVE, *of), TWELVE))
    gather_controls(run)


def test_a_good_score_of_enough_groups_has_nothing_beside_it(tmp_path):
    run = made_run(tmp_path, predictions(right_in(TWELVE, 5, 4), TWELVE))
    assert conclude(run) == []
    assert run.facts()["caveats"] == []
    assert run.read("metrics/summary.csv")["warnings"].tolist() == [""]


def test_few_groups_are_said_of_their_split_and_its_darker_clips(tmp_path):
    groups = TWELVE[:20]
    parts = [predictions(right_in(groups, 5, 4), groups, split=split) for split in ("test", "test_darkened")]
    run = made_run(tmp_path, pd.concat([predictions(right_in(TWELVE, 5), TWELVE), *parts], ignore_index=True))
    (few,) = conclude(run)
    assert few == Caveat(Kind.FEW_GROUPS, "test: only 4 groups, too few for an interval", "test")
    warned = run.read("metrics/summary.csv").groupby("split")["warnings"].unique().str[0]
    assert warned.to_dict() == {"validation": "", "test": few.text, "test_darkened": few.text}


def test_scenes_stand_for_groups_that_are_not_known(tmp_path):
    run = made_run(tmp_path, predictions([True] * 6, [""] * 6, scenes=["scene 1"] * 4 + ["scene 2"] * 2))
    assert [one.text for one in conclude(run)] == ["validation: only 2 backgrounds, too few for an interval"]
    run = made_run(tmp_path / "unseen", predictions([True] * 6, [""] * 6, scenes=None))
    assert conclude(run) == []


@pytest.mark.parametrize(
    ("right", "misled", "said"),
    [
        ((0, 1), False, "and so does its interval: what tells classes apart in training misleads on other recordings"),
        ((0, 1), True, "and so does its interval: scored clips have the same background as training clips of another"),
        ((2, 3, 2, 2), True, "its interval does not: scored clips have the same background"),
        ((2, 3, 2, 2), False, ""),
    ],
)
def test_a_score_below_chance_is_explained_by_what_is_known(tmp_path, right, misled, said):
    run = made_run(tmp_path, predictions(right_in(TWELVE, *right), TWELVE))
    run.add_facts(caveats=caveats.stored([Caveat(Kind.MISLED, "a leak that misleads", "validation")] * misled))
    found = conclude(run)
    assert [one.kind for one in found] == [Kind.BELOW_CHANCE] * bool(said)
    assert all(said in one.text for one in found)


def test_concluding_twice_changes_nothing(tmp_path):
    run = made_run(tmp_path, predictions(right_in(TWELVE, 0, 1), TWELVE))
    run.add_facts(caveats=caveats.stored([Caveat(Kind.LEAK, "a leak", "validation")]))
    conclude(run)
    before = [(tmp_path / name).read_bytes() for name in ("run.json", "metrics/summary.csv")]
    conclude(run)
    assert [(tmp_path / name).read_bytes() for name in ("run.json", "metrics/summary.csv")] == before
    assert kinds(run) == [Kind.LEAK, Kind.BELOW_CHANCE]
    assert run.read("metrics/summary.csv")["warnings"][0].startswith("a leak; the score (validation) lies below")


def test_a_model_that_a_control_beats_is_told_so_beside_its_number(tmp_path):
    run = made_run(tmp_path, predictions(right_in(TWELVE, 1, 2), TWELVE))
    with_controls(run, background=(2,), luma=(3,), motion=(4, 3))
    (caveat,) = [one for one in conclude(run) if one.kind == Kind.CONTROL]
    expected = "the model does not beat the amount of motion alone: 30.0 against 70.0 % (macro recall, p < 0.001 by"
    assert caveat.text == f"{expected} a sign-flip test over 12 groups)"
    assert run.facts()["verdict"] == caveat.text
    assert caveat.text in run.read("metrics/summary.csv")["warnings"][0]


def test_a_model_that_beats_the_best_control_has_no_caveat(tmp_path):
    run = made_run(tmp_path, predictions(right_in(TWELVE, 5), TWELVE))
    with_controls(run, background=(2,), luma=(4, 3), motion=(3,), shuffled=(2, 3))
    verdict = judge(run)
    assert verdict.beaten
    assert verdict.text.startswith("the model beats brightness alone: 100.0 against 70.0 % (macro recall, p < 0.001")
    assert verdict.caveats == ()


def test_better_by_luck_is_not_shown_to_be_better(tmp_path):
    run = made_run(tmp_path, predictions(right_in(TWELVE, 4, 2, 4, 3, 3, 3), TWELVE))
    with_controls(run, background=(3,), luma=(1,), motion=(0,))
    verdict = judge(run)
    assert not verdict.beaten
    assert verdict.text.startswith("the model is not shown to beat the static background alone: 63.3 against 60.0 %")
    assert len(verdict.caveats) == 1


def test_shuffled_labels_that_are_learnt_are_told(tmp_path):
    run = made_run(tmp_path, predictions(right_in(TWELVE, 5), TWELVE))
    with_controls(run, background=(2,), luma=(2,), motion=(2,), shuffled=(4, 5))
    (caveat,) = judge(run).caveats
    assert caveat.kind == Kind.SHUFFLED_LEARNT
    assert caveat.text.startswith(
        "shuffled labels score 90.0 %, above chance (50.0 %), so the folds let a model know a"
    )


def test_without_controls_there_is_no_verdict(tmp_path):
    assert judge(made_run(tmp_path, predictions([True] * 60, TWELVE))) is None


def test_a_cell_of_warnings_can_be_taken_apart(tmp_path):
    run = made_run(tmp_path, predictions(right_in(TWELVE, 5, 4), TWELVE))
    run.add_facts(caveats=["one; in two parts", *caveats.stored([Caveat(Kind.LEAK, "a leak", "validation")])])
    conclude(run)
    cell = run.read("metrics/summary.csv")["warnings"][0]
    assert cell.split("; ") == ["one, in two parts", "a leak"]
