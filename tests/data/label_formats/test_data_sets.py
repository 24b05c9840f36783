"""The field's data sets, from small copies of them: splits, classes, groups, and what is reported."""

import pytest

from darkhar_cli.config import request
from darkhar_cli.data import clip_dataset
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.splits.plan import plan_folds
from tests.helpers import label_fixtures


def opened(name, root, *words):
    return clip_dataset.open_clips(request.read_dataset([f"dataset={name}", f"dataset.root={root}", *words]))


def made(name, tmp_path, *words):
    return opened(name, label_fixtures.MADE[name](tmp_path), *words)


@pytest.mark.parametrize(
    ("name", "classes", "counts", "groups"),
    [
        ("arid", ["Drink", "Jump", "Wave"], (9, 3), ("Drink_1", "Jump_3")),
        ("dark48", ["burning", "raining", "singing"], (12, 3), ("yt-a", "AdBJAjn-yVM")),
        ("hmdb51", ["brush_hair", "walk"], (8, 4), ("April_09", "Up")),
        ("ucf101", ["ApplyEyeMakeup", "Archery"], (6, 2), ("ApplyEyeMakeup_g08", "Archery_g01")),
        ("ellar", ["Run", "Sit"], (6, 2), ("",)),
        ("ug2", ["Run", "Sit"], (6, 2), ("Run_1", "Sit_2")),
        ("kinetics", ["bowing, formally", "singing"], (6, 2), ("0hqDz946aOk",)),
    ],
)
def test_each_data_set_is_read_as_it_is_handed_out(name, classes, counts, groups, tmp_path, capsys):
    clips = made(name, tmp_path)
    assert clips.classes == classes
    assert (len(clips.rows("train")), len(clips.rows("test"))) == counts
    assert set(groups) <= set(clips.table["group"])
    for row, clip in clips.table.iterrows():
        label = clip["label"]
        assert label in clip["id"] or name in ("ug2",), "the label is that of the file"
        assert clips.video(row)
    said = capsys.readouterr().err
    assert "read as" in said
    assert said.count("\n  line ") >= 3, "three rows are shown"


def test_arid_leaves_the_third_list_aside_and_says_why(tmp_path, capsys):
    clips = made("arid", tmp_path)
    said = capsys.readouterr().err
    assert "split 1: the other list (3 clips) is left aside; it shares 3 recordings with the test list" in said
    assert "dataset.other=train would train on it" in said
    assert "clips/Drink/Drink_3_9.avi" not in set(clips.table["id"])
    assert "clips/Drink/Drink_3_9.avi" in set(clips.excluded["path"])
    with_it = opened("arid", tmp_path, "dataset.other=train")
    assert len(with_it.rows("train")) == 12
    said = capsys.readouterr().err
    assert "is trained on too; it shares 3 recordings with the test list" in said
    assert "3 of 3 test clips (100.0%) share a recording with training clips" in said


def test_arid_numbers_order_the_classes_and_another_split_is_another(tmp_path):
    clips = made("arid", tmp_path, "dataset.split=2")
    assert clips.classes == ["Drink", "Jump", "Wave"], "0, 1 and 10"
    assert set(clips.table.loc[clips.rows("test"), "group"]) == {"Drink_1", "Jump_1", "Wave_1"}
    with pytest.raises(BadRequest, match=r"dataset.split='?4'?: allowed is 1 | 2 | 3 | all"):
        opened("arid", tmp_path, "dataset.split=4")


def test_all_official_splits_are_folds_of_one_plan(tmp_path):
    clips = made("arid", tmp_path, "dataset.split=all")
    assert set(clips.table["split"]) == {"train"}
    plan = plan_folds({"name": "auto", "folds": None, "seed": None}, clips.table, 0, clips.classes)
    assert (plan.name, [(fold.repeat, fold.index) for fold in plan.folds]) == ("official", [(0, 0), (1, 0), (2, 0)])
    ids = clips.table["id"]
    tested = [sorted(ids[fold.validation]) for fold in plan.folds]
    assert tested[0] == [f"clips/{c}/{c}_3_1.avi" for c in clips.classes]
    assert len(tested[1]) == 6
    for fold in plan.folds:
        groups = clips.table["group"]
        assert not set(groups[fold.train]) & set(groups[fold.validation])
    assert "the 3 official splits are not disjoint: 0 of 12 test clips are scored by several" in plan.notes[0]
    own = plan_folds({"name": "stratified_group", "folds": 3, "seed": 0}, clips.table, 0, clips.classes)
    assert own.name == "stratified_group", "any other scheme takes all clips as training clips"


def test_dark48_reports_source_videos_on_both_sides(tmp_path, capsys):
    made("dark48", tmp_path)
    said = capsys.readouterr().err
    assert "split 1: 3 of 3 test clips (100.0%) share a source video with training clips (1 source video, " in said
    opened("dark48", tmp_path, "dataset.split=2")
    assert "share a source video" not in capsys.readouterr().err


def test_hmdb51_leaves_unused_clips_aside(tmp_path, capsys):
    clips = made("hmdb51", tmp_path, "dataset.split=3")
    assert (len(clips.rows("train")), len(clips.rows("test"))) == (6, 4)
    assert "split 3: the unused list (2 clips) is left aside" in capsys.readouterr().err


def test_ellar_holds_out_the_list_that_is_asked_for(tmp_path, capsys):
    clips = made("ellar", tmp_path, "dataset.test=val")
    assert all("LL_val" in name for name in clips.table.loc[clips.rows("test"), "id"])
    assert "the test list (2 clips) is left aside" in capsys.readouterr().err


def test_ug2_lists_without_labels_are_left_aside(tmp_path, capsys):
    label_fixtures.ug2(tmp_path, labelled=False)
    clips = opened("ug2", tmp_path)
    assert not clips.rows("test")
    assert "ARID1.1_t1_test_pub.csv: 2 clips without a class are left aside" in capsys.readouterr().err
    label_fixtures.put(tmp_path / "train_data", "0.mp4", 0, 30)
    (tmp_path / "ARID1.1_t1_test_pub.csv").write_text("VideoID,Video,ClassID\n0,0.mp4,5\n")
    clips = opened("ug2", tmp_path)
    assert clips.table.loc[clips.rows("test"), "id"].tolist() == ["test_data/0.mp4"], "of two folders that of the list"


def test_gone_videos_of_kinetics_are_broken_clips(tmp_path):
    label_fixtures.kinetics(tmp_path)
    next((tmp_path / "train" / "singing").iterdir()).unlink()
    with pytest.raises(FailedWork, match=r"1 broken clip; .*\n.*train\.csv line \d+: no such file"):
        opened("kinetics", tmp_path)
    clips = opened("kinetics", tmp_path, "dataset.on_error=skip")
    assert (len(clips.skipped), len(clips.table)) == (1, 7)


def test_lists_that_are_not_there_are_named_with_what_is(tmp_path):
    (tmp_path / "clips").mkdir()
    with pytest.raises(BadRequest, match=r"no trainlist01\.txt in .*found there: clips; .*dataset\.lists=DIR"):
        opened("ucf101", tmp_path)
    with pytest.raises(BadRequest, match=r"dataset\.lists=.*: no such folder"):
        opened("ucf101", tmp_path, f"dataset.lists={tmp_path / 'x'}")


def test_lists_may_lie_elsewhere(tmp_path):
    label_fixtures.dark48(tmp_path)
    lists = (tmp_path / "annotations").rename(tmp_path.parent / f"{tmp_path.name}_lists")
    assert len(opened("dark48", tmp_path, f"dataset.lists={lists}").table) == 15


def test_a_clip_in_both_lists_of_a_split_is_refused(tmp_path):
    label_fixtures.dark48(tmp_path)
    test = tmp_path / "annotations" / "test_split1.txt"
    test.write_text(test.read_text() + "burning/yt-a_1.mp4 0\n")
    said = r"train_split1\.txt line 1 and test_split1\.txt line 4: videos/burning/yt-a_1\.mp4 is listed twice"
    with pytest.raises(BadRequest, match=said):
        opened("dark48", tmp_path)
    test.write_text(test.read_text().replace("burning/yt-a_1.mp4 0", "burning/yt-a_1.mp4"))
    with pytest.raises(BadRequest, match=r"test_split1\.txt \(read as 'list'.*\n  line 4: expected path and class"):
        opened("dark48", tmp_path)


def test_a_label_that_differs_between_splits_is_refused(tmp_path):
    label_fixtures.dark48(tmp_path)
    for path in (tmp_path / "annotations").glob("*split2.txt"):
        path.write_text(path.read_text().replace("burning/yt-a_1.mp4 0", "burning/yt-a_1.mp4 2"))
    with pytest.raises(FailedWork, match=r"label 2 \('singing'\), but its folder is that of 'burning': one is wrong"):
        opened("dark48", tmp_path, "dataset.split=2")
    with pytest.raises(BadRequest, match=r"'burning' in .*split1\.txt, line 1, and 'singing' in .*split2\.txt, line 1"):
        opened("dark48", tmp_path, "dataset.split=all")
