"""A sweep's words: whatever form the values are given in, each job is another and has a folder of its own."""

import re

import pytest

from darkhar_cli.config import request as overrides
from darkhar_cli.config.sweep_words import given, job_folder
from darkhar_cli.errors import BadRequest


def read(*words):
    return overrides.read_request("train", overrides.absolute_paths(list(words), True), True, None)


def seeds(*words):
    return [job.config["seed"] for job in read(*words).jobs]


def test_every_form_of_a_sweep_is_spelt_out():
    assert seeds("seed=range(0,3)") == [0, 1, 2]
    assert seeds("seed=choice(3,1)") == [3, 1]
    assert seeds("seed=sort(3,1,2)") == [1, 2, 3]
    assert seeds("seed=sort(range(0,3),reverse=true)") == [2, 1, 0]
    assert seeds("seed=tag(a,choice(1,2))") == [1, 2]
    request = read("seed=shuffle(range(0,9))")
    values = request.words[0].removeprefix("seed=").split(",")
    assert sorted(values) == list("012345678")
    assert [str(job.config["seed"]) for job in request.jobs] == values, "Hydra gets the order that the table has"


def test_a_glob_stands_for_the_options_that_fit():
    assert [next(iter(job.config["enhance"])) for job in read("enhance=glob(h*)").jobs] == ["histeq"]
    names = [job.config["sampler"]["name"] for job in read("sampler=glob([r*,u*],exclude=rate)").jobs]
    assert names == ["random", "uniform"]
    assert read("sampler=glob(r*)").words == ["sampler=random,rate"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["seed=0,0"], "seed=0,0: 0 stands twice"),
        (["enhance=gamma,[gamma]"], "enhance=gamma and enhance=[gamma] are the same job"),
        (["train.learning_rate=0.1,1e-1"], "0.1 stands twice"),
        (["seed=interval(0,3)"], "an interval has no end of values; name them: seed=a,b,c"),
        (["seed=range(3,3)"], "seed=range(3,3) stands for no value"),
        (["seed=range(0,3,0)"], "must not be zero; name the values"),
        (["enhance=glob(x*)"], "no enhance fits 'x*'; there are adaptive_gamma"),
        (["seed=glob(*)"], "glob() goes over the options of a group; seed has none"),
        (["seed=0,1", "seed=2,3"], "seed is given more than once"),
        (["seed=0,1", "seed=5"], "seed is given more than once"),
        (["hydra.job.name=a,b"], "Hydra's own settings cannot be swept"),
        (["seed=0,1", "hydra.sweep.subdir=x"], "seed=0 and seed=1 would share the folder 'x'"),
        (["seed=0,1", "hydra.sweep.subdir=${nope}"], "hydra.sweep.subdir=${nope}: Interpolation key 'nope' not found"),
    ],
)
def test_what_stands_for_no_jobs_is_refused(words, said):
    pattern = said if "|" in said else re.escape(said)
    with pytest.raises(BadRequest, match=pattern):
        read(*words)


def test_a_folder_of_ones_own_for_each_job():
    request = read("seed=0,1", "hydra.sweep.subdir=n_${hydra.job.num}_${seed}")
    assert [request.folder(number) for number in (0, 1)] == ["n_0_0", "n_1_1"]
    request = read("++seed=0,1")
    assert [request.folder(number) for number in (0, 1)] == ["++seed=0", "++seed=1"], "as Hydra names them"
    assert request.varied(request.jobs[1]) == {"seed": "1"}


def test_job_folders_are_safe_readable_and_different():
    assert job_folder("enhance=histeq,sampler.frames=8") == "enhance=histeq,sampler.frames=8"
    assert job_folder("enhance=[gamma,histeq]") == "enhance=gamma,histeq"
    assert len({job_folder(f"extractor.weights=/{d}/net.h5") for d in ("a/b", "a_b")}) == 2
    alike = ["name=a:b", "name=a b", "name='a b'", "name=a/b", "name=a_b"]
    assert len({job_folder(text) for text in alike}) == len(alike)
    assert all("/" not in job_folder(text) for text in alike)
    for long in ("x=" + "y" * 500, "name=" + "日本" * 200):
        assert len(job_folder(long).encode()) < 200
    assert job_folder("") == "job"
    assert job_folder("..") not in ("", ".", "..")
    assert "/" not in job_folder("../..")


@pytest.mark.parametrize("name", ["plain", "it's", "end\\", "a b", "x=[1],{2}"])
def test_a_typed_folder_is_read_as_hydra_reads_it(name):
    words = overrides.absolute_paths([f"hydra.run.dir=/x/{name}"], multirun=False)
    assert given(words, "hydra.run.dir") == f"/x/{name}"
    assert given(words, "name") is None
