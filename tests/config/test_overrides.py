"""What a user may type: paths of every shape, and every kind of mistake, refused with the nearest match."""

import subprocess
import sys

import pytest

from darkhar_cli.config import request as overrides
from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation.stored_run import settings_of
from darkhar_cli.runs.run_folder import Run


def read(*words, multirun=False, verb="train"):
    typed = overrides.absolute_paths(list(words), multirun)
    return overrides.read_request(verb, typed, multirun, None)


@pytest.mark.parametrize(
    "name",
    ["plain", "with space", "a=b", "brackets (1) [2] {3}", "comma, inside", "it's", "~tilde", "dollar$", "ünï"],
)
def test_paths_survive_hydra(name, tmp_path, monkeypatch):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    job = read("dataset=video_folder", f"dataset.root=./{name}").jobs[0]
    assert job.config["dataset"]["root"] == str(tmp_path / name)


def test_home_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    job = read("dataset=video_folder", "dataset.root=~/clips").jobs[0]
    assert job.config["dataset"]["root"] == f"{tmp_path}/clips"


def test_a_sweep_over_paths_makes_each_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = read("extractor=mobilenet", "extractor.weights=a.h5,none", multirun=True)
    assert [job.config["extractor"]["weights"] for job in request.jobs] == [f"{tmp_path}/a.h5", "none"]
    assert request.swept == ["extractor.weights"]


def test_free_text_needs_no_quoting():
    job = read("dataset=video_folder", "dataset.root=/x", r"dataset.group=^(\w+_\d+)_[a-z]{2}", "name=two words").jobs[
        0
    ]
    assert job.config["dataset"]["group"] == r"^(\w+_\d+)_[a-z]{2}"
    assert job.config["name"] == "two words"


def test_a_chain_keeps_its_order():
    assert list(read("enhance=[histeq,gamma]").jobs[0].config["enhance"]) == ["histeq", "gamma"]
    assert list(read("enhance=[gamma,histeq]").jobs[0].config["enhance"]) == ["gamma", "histeq"]
    job = read("enhance=[gamma,histeq]", "enhance.gamma.gamma=0.7").jobs[0]
    assert job.config["enhance"]["gamma"] == {"gamma": 0.7}


def test_a_sweep_over_chains():
    request = read("enhance=none,[gamma,histeq]", "seed=1,2", multirun=True)
    assert [list(job.config["enhance"]) for job in request.jobs] == [["none"]] * 2 + [["gamma", "histeq"]] * 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sampler=randm"], "unknown sampler 'randm'; choose from all, dense, .*, uniform; did you mean 'random'"),
        (["enhance=[gamma,hist]"], "unknown enhance 'hist'.*did you mean 'histeq'"),
        (["enhance=[gamma,gamma]"], "'gamma' stands twice"),
        (["enhance.gamma.gamma=0.3"], "'gamma' is not in the chain none; add enhance=gamma"),
        (["enhance=gamma", "enhance.gamma.gama=0.3"], "has no parameter 'gama'; it takes gamma; did you mean"),
        (["sampler=[random,uniform]"], "takes one option"),
        (
            ["sampler.frams=3"],
            "sampler 'uniform' has no parameter 'frams'; it takes frames, short; did you mean 'frames'",
        ),
        (["+sampler.frams=3"], "did you mean 'frames'"),
        (["++sampler.frams=3"], "did you mean 'frames'"),
        (["sede=1"], "unknown setting or group 'sede'.*did you mean 'seed'"),
        (["+sede=1"], "did you mean 'seed'"),
        (["+samplr=random"], "did you mean 'sampler'"),
        (["seed=abc"], "seed='abc': allowed is a whole number from 0 to 4294967295"),
        (["seed=-1"], "seed=-1: allowed is a whole number from 0 to 4294967295"),
        (["seed=4294967296"], "seed=4294967296: allowed is a whole number from 0 to 4294967295"),
        (
            ["cv=stratified", "cv.seed=4294967296"],
            r"cv.seed=4294967296: allowed is null \| a whole number from 0 to 4294967295",
        ),
        (["sampler.frames=0"], r"sampler\.frames=0: allowed is a whole number of at least 1"),
        (["sampler.frames=1.5"], r"sampler\.frames=1\.5"),
        (["sampler.short=lop"], "did you mean 'loop'"),
        (["sampler.frames=null"], r"sampler\.frames=null"),
        (["cv.folds=1"], "a whole number of at least 2"),
        (["extractor=mobilenet", "extractor.alpha=0.3"], r"0\.25 \| 0\.5"),
        (["train.precision=float16"], "did you mean"),
        (["histeq"], "'histeq' is not understood"),
        (["/tmp"], "'/tmp' is a folder; to take the clips in it, .* dataset=video_folder dataset.root=/tmp"),
        (["enhance=none,histeq"], "several values need -m"),
        (["experiment=smok"], "did you mean 'smoke'"),
        (["dataset=ee6222har"], r"dataset\.root is needed"),
        (["dataset.root=/x"], "dataset 'dark_synth' has no parameter 'root'"),
        (["seed.x=1"], "seed has no parts"),
        (["hydra.run.dri=x"], "'hydra.run.dri'"),
        (["~sampler.frames"], "sampler.frames is missing"),
        (["~seed"], "seed is missing"),
        (["~sampler"], "sampler cannot be taken out"),
        (["extractor=movenet", "extractor.weights=none"], r"extractor\.weights='none': allowed is auto \| path"),
        (
            ["extractor=conv_small", "extractor.size=[8,8]"],
            r"extractor\.size=\[8, 8\]: allowed is \[a whole number of at least 16, a whole number of at least 16\]",
        ),
    ],
)
def test_mistakes_are_named(words, said):
    with pytest.raises(BadRequest, match=said):
        read(*words)


def test_a_mistake_in_one_job_refuses_the_sweep():
    with pytest.raises(BadRequest, match="did you mean 'histeq'"):
        read("enhance=none,histq", multirun=True)
    with pytest.raises(BadRequest, match=r"enhance\.gamma\.gamma=-1"):
        read("enhance=gamma", "enhance.gamma.gamma=0.4,-1", multirun=True)


def test_a_users_folder_adds_options(tmp_path):
    (tmp_path / "sampler").mkdir()
    yaml = "# Uniform, many frames.\nname: uniform\nframes: 64\nshort: loop\n"
    (tmp_path / "sampler" / "uniform_many.yaml").write_text(yaml)
    code = (
        "from pathlib import Path\nfrom darkhar_cli.config import request as overrides, schema\n"
        f"schema.set_config_dir(Path({str(tmp_path)!r}))\n"
        f"job = overrides.read_request('train', ['sampler=uniform_many'], False, {str(tmp_path)!r}).jobs[0]\n"
        "print(job.config['sampler'])\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'frames': 64" in answer.stdout


def test_requests_are_read_without_tensorflow():
    code = (
        "import sys\nfrom darkhar_cli.config import request as overrides\n"
        "overrides.read_request('train', ['enhance=[gamma,histeq]', 'extractor=convnext_small'], False, None)\n"
        "print([m for m in ('tensorflow', 'keras', 'pandas') if m in sys.modules])\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "it's",
        "x\\y",
        "end\\",
        "a\\'b",
        "\\\\'",
        "a=b,c",
        "[x]",
        "{x}",
        "n\nl",
        "cr\r",
        "\udcff",
        "漢",
        '"',
        "#%",
    ],
)
def test_any_folder_name_reaches_the_configuration(name):
    words = overrides.absolute_paths(["dataset=video_folder", f"dataset.root=/x/{name}"], multirun=False)
    request = overrides.read_request("prepare", words, False, None)
    assert request.jobs[0].config["dataset"]["root"] == f"/x/{name}"


def test_no_experiment_and_no_option():
    assert read("experiment=null", "seed=3").jobs[0].config == read("seed=3").jobs[0].config
    assert read("experiment=null", "seed=3").words == ["seed=3"]
    assert [job.config["seed"] for job in read("experiment=null", "seed=1,2", multirun=True).jobs] == [1, 2]
    with pytest.raises(BadRequest, match="experiment=null cannot be one of a sweep's values"):
        read("experiment=smoke,null", multirun=True)
    for word in ("sampler=null", "dataset=null", "enhance=null", "enhance=[null]", "cv=null"):
        with pytest.raises(BadRequest, match=f"unknown {word.split('=')[0]} 'null'; choose from "):
            read(word)


def test_an_experiments_settings_do_not_follow_another_choice():
    request = read("experiment=smoke", "dataset=video_folder", "dataset.root=/x", "classifier=mean_pool")
    made = request.jobs[0].config
    assert (made["dataset"]["name"], made["dataset"]["root"], "config" in made["dataset"]) == ("video_folder", "/x", 0)
    assert (made["classifier"]["name"], made["sampler"]["frames"]) == ("mean_pool", 2)
    assert "~dataset.config" in request.words
    with pytest.raises(BadRequest, match="dataset 'video_folder' has no parameter 'config'"):
        read("experiment=smoke", "dataset=video_folder", "dataset.root=/x", "dataset.config=tiny")
    swept = read("experiment=smoke", "dataset=video_folder", "dataset.root=/x", "seed=1,2", multirun=True)
    assert all("config" not in job.config["dataset"] for job in swept.jobs)
    with pytest.raises(BadRequest, match=r"the experiment sets classifier\.\w+.*not all jobs of this sweep have"):
        read("experiment=smoke", "classifier=lstm,mean_pool", multirun=True)


def test_reversals_of_any_class_reach_the_data():
    for words in (["experiment=smoke"], [], ["dataset=video_folder", "dataset.root=/x"]):
        made = read(*words, "dataset.reverse={1:2,walk:nope}").jobs[0].config["dataset"]["reverse"]
        assert (made[1], made["walk"]) == (2, "nope")
    request = read("dataset.reverse={walk:run},{walk:jump}", multirun=True)
    assert [job.config["dataset"]["reverse"]["walk"] for job in request.jobs] == ["run", "jump"]


@pytest.mark.parametrize("name", ["${x}", "a${seed}b", "\\${x}", "${x"])
def test_a_folder_that_looks_like_a_reference_is_read(name, tmp_path):
    (tmp_path / name).mkdir(parents=True)
    made = read("dataset=video_folder", f"dataset.root={tmp_path / name}").jobs[0].config
    assert made["dataset"]["root"] == str(tmp_path / name)
    Run(tmp_path / "run").save_config(made, [])
    assert settings_of(Run(tmp_path / "run"))["dataset"]["root"] == str(tmp_path / name)


def test_what_refers_to_a_setting_still_does():
    assert read("dataset=video_folder", "dataset.root=/x/${seed}", "seed=7").jobs[0].config["dataset"]["root"] == "/x/7"
