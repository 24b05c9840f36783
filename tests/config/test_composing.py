"""Streams in a configuration: filled from the parts beside them and from conf/, refused with the nearest match."""

import os
import subprocess
import sys

import pytest

from darkhar_cli.config import request, schema
from darkhar_cli.config import streams as composing
from darkhar_cli.errors import BadRequest


def read(*words, verb="train"):
    typed = request.absolute_paths(list(words), False)
    return request.read_request(verb, typed, False, None).jobs[0].config


def beside(**changed):
    """Return a whole configuration: the defaults, and what is changed in it."""
    return read("classifier=lstm") | changed


def stream(parts, **changed):
    return composing.filled(beside(streams={"one": parts}, **changed))["streams"]["one"]


def defaults(kind, name):
    return {"name": name, **schema.options(kind)[name].defaults}


def test_without_streams_the_configurations_own_parts_are_the_only_stream():
    config = beside()
    assert composing.filled(config) == config
    assert composing.streams_of(config) == {"": {kind: config[kind] for kind in schema.PART_KINDS}}


@pytest.mark.parametrize("parts", [None, {}])
def test_an_empty_stream_is_all_the_parts_beside_it(parts):
    config = beside()
    assert stream(parts) == {kind: config[kind] for kind in schema.PART_KINDS}


def test_a_part_is_a_name_or_its_parameters():
    own = defaults("classifier", "lstm") | {"units": 5}
    assert stream({"classifier": "gru"}, classifier=own)["classifier"] == defaults("classifier", "gru")
    assert stream({"classifier": "lstm"}, classifier=own)["classifier"] == own, "the chosen part keeps its parameters"
    assert stream({"classifier": {"dropout": 0.5}}, classifier=own)["classifier"] == own | {"dropout": 0.5}
    both = stream({"classifier": {"name": "gru", "units": 7}}, classifier=own)["classifier"]
    assert both == defaults("classifier", "gru") | {"units": 7}


def test_a_chain_is_a_name_a_list_or_a_mapping_and_keeps_its_order():
    gamma, histeq = ({**schema.options("enhance")[name].defaults} for name in ("gamma", "histeq"))
    assert stream({"enhance": "gamma"})["enhance"] == {"gamma": gamma}
    assert list(stream({"enhance": ["histeq", "gamma"]})["enhance"].items()) == [("histeq", histeq), ("gamma", gamma)]
    given = stream({"enhance": {"histeq": None, "gamma": {"gamma": 0.7}}})["enhance"]
    assert list(given.items()) == [("histeq", histeq), ("gamma", gamma | {"gamma": 0.7})]
    chosen = {"gamma": {"gamma": 0.3}}
    assert stream({"enhance": ["gamma", "histeq"]}, enhance=chosen)["enhance"]["gamma"] == {"gamma": 0.3}


def test_filling_twice_changes_nothing():
    for experiment in ("dual_stream", "pose_flow_late_fusion"):
        more = ["dataset.root=/x"] if experiment == "pose_flow_late_fusion" else []
        words = [f"experiment={experiment}", *(["dataset=ee6222har", *more] if more else [])]
        config = read(*words)
        assert composing.filled(config) == config
        for parts in config["streams"].values():
            for kind in schema.PART_KINDS:
                schema.check_group(kind, parts[kind])


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        ([], r"streams=\[\]: give null, or a mapping"),
        ({}, r"streams=\{\}: give null, or a mapping"),
        ({"1st": {}}, "'1st' is no name for a stream; take letters"),
        ({"a b": {}}, "'a b' is no name for a stream"),
        ({"one": "gamma"}, "streams.one='gamma': give a mapping of sampler, enhance, extractor, classifier"),
        ({"one": {"enhence": "gamma"}}, "unknown key of streams.one 'enhence'.*did you mean 'enhance'"),
        ({"one": {"augment": "mirror"}}, "unknown key of streams.one 'augment'; choose from classifier, enhance"),
        ({"one": {"classifier": "lsmt"}}, "unknown streams.one.classifier 'lsmt'.*did you mean 'lstm'"),
        ({"one": {"classifier": {"name": "lsmt"}}}, "unknown streams.one.classifier 'lsmt'.*did you mean 'lstm'"),
        ({"one": {"classifier": {"name": ["lstm"]}}}, "unknown streams.one.classifier"),
        ({"one": {"classifier": ["lstm"]}}, r"streams.one.classifier=\['lstm'\]: give a classifier's name"),
        ({"one": {"classifier": {"unit": 3}}}, "has no parameter 'unit'.*did you mean 'units'"),
        (
            {"one": {"classifier": {"units": 0}}},
            r"streams\.one\.classifier\.units=0: allowed is a whole number of at least 1",
        ),
        ({"one": {"enhance": 3}}, "streams.one.enhance=3: give a name, a list of names, or a mapping"),
        ({"one": {"enhance": []}}, r"streams.one.enhance=\[\]: give a name"),
        ({"one": {"enhance": "gama"}}, "unknown enhance in streams.one.enhance 'gama'.*did you mean 'gamma'"),
        ({"one": {"enhance": ["gamma", "gamma"]}}, "streams.one.enhance: 'gamma' stands twice in the chain"),
        ({"one": {"enhance": {"gamma": {"gama": 1}}}}, "has no parameter 'gama'.*did you mean 'gamma'"),
        ({"one": {"enhance": {"gamma": {"gamma": -1}}}}, r"streams\.one\.enhance\.gamma\.gamma=-1"),
        ({"one": {"enhance": {"gamma": 0.5}}}, r"streams\.one\.enhance\.gamma=0\.5: give a mapping of its parameters"),
        ({"one": {"enhance": [["gamma"]]}}, "unknown enhance in streams.one.enhance"),
    ],
)
def test_mistakes_are_named(streams, said):
    with pytest.raises(BadRequest, match=said):
        composing.filled(beside(streams=streams))


def test_a_wrong_stream_is_refused_before_tensorflow_is_imported(tmp_path):
    code = "import sys\nfrom darkhar_cli import cli\nprint(cli.main(sys.argv[1:]), 'tensorflow' in sys.modules)\n"
    for word, said in (("streams.lit.enhance=gama", "did you mean 'gamma'"), ("fusion=lat", "did you mean 'late'")):
        command = [sys.executable, "-c", code, "train", "experiment=dual_stream", word]
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert answer.stdout.split() == ["2", "False"]
        assert said in answer.stderr
        assert not any(tmp_path.iterdir())


def test_labels_name_each_part_once():
    config = read("experiment=dual_stream")
    assert [composing.label(config, kind) for kind in schema.PART_KINDS] == [
        "uniform",
        "none|gamma",
        "mobilenet",
        "late(lstm)",
    ]
    assert composing.label(config | {"fusion": "concat"}, "classifier") == "concat(lstm)"
    two = composing.filled(beside(streams={"a": {"enhance": ["gamma", "histeq"]}, "b": {"classifier": "gru"}}))
    assert composing.label(two, "enhance") == "gamma+histeq|none"
    assert composing.label(two, "classifier") == "late(lstm|gru)"
    assert composing.label(beside(), "classifier") == "lstm"


def test_what_is_typed_beside_streams_reaches_all_of_them():
    config = read("experiment=dual_stream", "sampler.frames=16", "extractor=conv_small", "classifier.units=5")
    for parts in config["streams"].values():
        assert parts["sampler"]["frames"] == 16
        assert parts["extractor"] == defaults("extractor", "conv_small")
        assert parts["classifier"]["units"] == 5


@pytest.mark.parametrize("word", ["enhance=histeq", "enhance=[clahe,histeq]"])
def test_what_no_stream_would_take_is_refused(word):
    with pytest.raises(BadRequest, match=r"enhance: every .*give streams.raw.enhance=... or streams.lit.enhance=..."):
        read("experiment=dual_stream", word)


@pytest.mark.parametrize("words", [["enhance=gamma", "enhance.gamma.gamma=0.3"], ["enhance=none"], ["classifier=gru"]])
def test_what_some_stream_takes_may_be_typed(words):
    read("experiment=dual_stream", *words)
    own = "+streams.raw.classifier={name: lstm, units: 4}"
    read("experiment=dual_stream", own, *words)
    read("experiment=dual_stream", own, "+streams.lit.classifier={units: 4}", *words)
    with pytest.raises(BadRequest, match="classifier: every stream has its own"):
        read("experiment=dual_stream", own, "+streams.lit.classifier=lstm", "classifier=gru")


def test_one_streams_parts_may_be_typed():
    config = read("experiment=dual_stream", "streams.lit.enhance=[histeq]", "+streams.raw.classifier.units=6")
    assert config["streams"]["lit"]["enhance"] == {"histeq": schema.options("enhance")["histeq"].defaults}
    assert config["streams"]["raw"]["enhance"] == {"none": {}}
    assert [parts["classifier"]["units"] for parts in config["streams"].values()] == [6, 64]
    third = read("experiment=dual_stream", "+streams.even={enhance: histeq}")
    assert list(third["streams"]) == ["raw", "lit", "even"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("streams.lti.enhance=gamma", "unknown stream 'lti'; choose from lit, raw; did you mean 'lit'"),
        ("streams.lit.enhence=gamma", "streams.lit has no 'enhence' of its own.*did you mean 'enhance'"),
        ("+streams.lit.enhence=gamma", "unknown key of streams.lit 'enhence'.*did you mean 'enhance'"),
        ("streams.lit.classifier.units=3", r"add it with \+streams.lit.classifier.units=..."),
        ("streams.lit.enhance.gamma=3", "streams.lit.enhance has no parts"),
    ],
)
def test_typed_mistakes_are_named(word, said):
    with pytest.raises(BadRequest, match=said):
        read("experiment=dual_stream", word)


def test_paths_in_a_users_experiment_are_the_callers(tmp_path):
    conf = tmp_path / "conf" / "experiment"
    conf.mkdir(parents=True)
    (conf / "mine.yaml").write_text(
        "# @package _global_\n# Mine.\nstreams:\n"
        "  here: {extractor: {name: mobilenet, weights: nets/a.h5}}\n"
        "  home: {extractor: {name: mobilenet, weights: ~/b.h5}}\n"
        "  none: {extractor: {name: mobilenet, weights: none}}\n"
    )
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "a.h5").write_text("")
    code = (
        "import sys\nfrom pathlib import Path\nfrom darkhar_cli import cli\n"
        "from darkhar_cli.config import request as overrides, schema\n"
        "schema.set_config_dir(Path('conf').resolve())\n"
        "job = overrides.read_request('train', ['experiment=mine'], False, 'conf').jobs[0]\n"
        "print(*(parts['extractor']['weights'] for parts in job.config['streams'].values()))\n"
        "print(cli.main(['train', '--config-dir', 'conf', 'experiment=mine']), 'tensorflow' in sys.modules)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = answer.stdout.splitlines()
    assert lines[0].split() == [str(tmp_path / "nets" / "a.h5"), str(tmp_path / "b.h5"), "none"]
    assert lines[1] == "2 False"
    assert f"streams.home.extractor.weights={tmp_path / 'b.h5'}: no such file" in " ".join(answer.stderr.split())


@pytest.mark.parametrize(
    ("words", "folds"),
    [
        (["seed=1,2"], [0, 0]),
        (["seed=1,2", "cv=stratified"], [0, 0]),
        (["seed=1,2", "cv.seed=7"], [7, 7]),
        (["seed=1,2", "cv.seed=3,null"], [3, None, 3, None]),
        (["seed=1", "enhance=none,gamma"], [None, None]),
        (["seed=1,2", "cv=official"], ["", ""]),
    ],
)
def test_jobs_of_a_sweep_over_seeds_share_their_folds(words, folds):
    jobs = request.read_request("train", words, True, None).jobs
    assert [job.config["cv"].get("seed", "") for job in jobs] == folds


def test_a_single_run_keeps_the_folds_of_its_seed():
    (job,) = request.read_request("train", ["seed=1"], False, None).jobs
    assert job.config["cv"]["seed"] is None
