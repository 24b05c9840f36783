"""`browse` and `figures`: what they take, what they write, what they refuse."""

import pandas as pd
import pytest

from darkhar_cli.config.streams import streams_of
from darkhar_cli.launch import pictures


def test_several_by_comma_stand_side_by_side_as_typed():
    asked = pictures.read(["enhance=none,histeq,[denoise,gamma]", "sampler=uniform,random", "sampler.frames=4"], {})
    assert list(asked.chains) == ["histeq", "denoise+gamma"]
    assert asked.chains["denoise+gamma"][1] == ("gamma", {"gamma": 0.4})
    assert list(asked.samplers) == ["uniform frames=4", "random frames=4"]
    assert asked.pictures_of()[0][0] == "as recorded"
    asked = pictures.read(["enhance=[denoise,gamma]", "enhance.gamma.gamma=0.3,0.5"], {})
    assert list(asked.chains) == ["denoise+gamma gamma.gamma=0.3", "denoise+gamma gamma.gamma=0.5"]


def test_what_is_not_typed_has_a_default_unless_an_experiment_chooses_it():
    assert list(pictures.read([], {"enhance": "enhance=gamma,histeq"}).chains) == ["gamma", "histeq"]
    asked = pictures.read(["experiment=smoke"], {"enhance": "enhance=gamma"})
    assert asked.chains == {}
    assert list(asked.samplers) == [next(iter(pictures.of_configuration(asked.config).samplers))]
    assert len(streams_of(asked.config)) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("browse", "enhance=gama"), "did you mean 'gamma'?"),
        (("browse", "sampler=random"), "browse does not know 'sampler=random'"),
        (("browse", "clips=0"), "clips=0: give a whole number from 1 or all"),
        (("browse", "to=sheet.gif"), "to=sheet.gif: give a file that ends in .html or .png"),
        (("browse", "nothing.mp4"), "nothing.mp4: no such file"),
        (("figures", "only=histogram"), "unknown figure in only= 'histogram'"),
        (("figures", "dataset.seed=0,1"), "one data set at a time"),
        (("figures", ".", "enhance=gamma"), "run folders or a configuration, not both"),
        (("figures", "."), "is no run folder"),
        (("figures", "train.epochs=3"), "figures does not know 'train.epochs=3'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(darkhar, words, message):
    code, _, errors = darkhar(*words)
    assert code == 2
    assert message in errors


def test_a_contact_sheet_of_own_clips(darkhar, own_clips, tmp_path):
    code, output, errors = darkhar("browse", *own_clips, "enhance=gamma,histeq", "clips=2", "to=sheet.html")
    assert code == 0, errors
    assert output.splitlines()[-1] == "sheet.html"
    page = (tmp_path / "sheet.html").read_text()
    assert page.count("<figure") == 6
    assert page.count("<img") == 18
    assert "right: 2 of 7 clips" in page
    assert "group right_0" in page


def test_a_contact_sheet_of_files_as_a_picture(darkhar, own_clips_folder, tmp_path):
    files = sorted((own_clips_folder / "train" / "down").glob("*.mp4"))[:2]
    assert darkhar("browse", *files, "to=sheet.png")[0] == 0
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_figures_of_own_clips(darkhar, own_clips, tmp_path, monkeypatch):
    monkeypatch.setenv("DARKHAR_MODELS", str(tmp_path))
    words = ["enhance=gamma", "sampler=uniform,motion", "sampler.frames=3", "clips=1", "to=drawn"]
    code, output, errors = darkhar("figures", *own_clips, *words)
    assert code == 0, errors
    assert "MoveNet's weights are not on this machine: flow is drawn in the box of what moves" in errors
    assert output.splitlines()[-1] == "drawn"
    names = {path.stem for path in (tmp_path / "drawn").glob("*.svg")}
    assert names == {path.stem for path in (tmp_path / "drawn").glob("*.png")}
    assert {name.partition("_")[0] for name in names} == {"samplers", "enhancement", "person", "class", "model"}
    card = pd.read_csv(tmp_path / "drawn" / "enhancement_card.csv")
    assert card["enhance"].tolist() == ["as recorded", "gamma"]
    assert card["luma_before"].iloc[1] == card["luma_after"].iloc[0]
    assert card["luma_after"].iloc[1] > card["luma_before"].iloc[1]
    assert "enhancement card, 6 clips" in output


def test_pose_and_flow_are_drawn_where_movenet_is(darkhar, own_clips, tmp_path, monkeypatch, fake_tflite):
    monkeypatch.setenv("DARKHAR_MODELS", str(fake_tflite.parent))
    code, output, errors = darkhar("figures", *own_clips, "clips=1", "only=person,card", "enhance=gamma", "to=drawn")
    assert code == 0, errors
    assert len(list((tmp_path / "drawn").glob("person_*.svg"))) == 1
    assert pd.read_csv(tmp_path / "drawn" / "enhancement_card.csv")["confidence_after"].notna().all()
    assert "keypoints" in output


def test_figures_of_a_run(darkhar, own_clips, tmp_path):
    tiny = (
        "extractor=conv_small",
        "classifier=lstm",
        "train.epochs=1",
        "extractor.size=[16,20]",
        "classifier.units=4",
        "sampler.frames=2",
        "enhance=gamma",
    )
    code, _, errors = darkhar("train", *own_clips, *tiny, "hydra.run.dir=run")
    assert code == 0, errors
    before = (tmp_path / "run" / "predictions.csv").read_bytes()
    wanted = "history,class_counts,model,reliability,enhancement"
    code, output, errors = darkhar("figures", "run", "clips=1", f"only={wanted}")
    assert code == 0, errors
    names = {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}
    assert names >= {"history", "class_counts", "model", "reliability_validation", "reliability_test"}
    assert sum(name.startswith("enhancement_") for name in names) == 1
    assert len(names) == 6
    assert output.splitlines()[-1] == "run/figures"
    assert (tmp_path / "run" / "predictions.csv").read_bytes() == before
    assert darkhar("figures", "run", "only=history", "to=other")[0] == 0
    assert {path.name for path in (tmp_path / "other").iterdir()} == {"history.svg", "history.png"}
