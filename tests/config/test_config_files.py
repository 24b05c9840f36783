"""A user's own yaml: refused by name where it is broken or nothing would read it, and only where it is asked for."""

import pytest

from darkhar_cli.config import request, schema
from darkhar_cli.errors import BadRequest

GLOBAL = "# @package _global_\n"
FILES = {
    "experiment/good": GLOBAL + "name: good\ntrain:\n  epochs: 1\n",
    "experiment/bom": "\ufeff" + GLOBAL + "train:\n  epochs: 1\n",
    "experiment/late": "# A note.\n" + GLOBAL + "train:\n  epochs: 1\n",
    "experiment/nohead": "name: a\ntrain:\n  epochs: 1\n",
    "experiment/behind": "seed: 1\n" + GLOBAL,
    "experiment/typo": GLOBAL + "trian:\n  epochs: 1\n",
    "experiment/deep": GLOBAL + "train:\n  epoch: 1\n",
    "experiment/kind": GLOBAL + "train:\n  epochs: many\n",
    "experiment/twice": GLOBAL + "seed: 1\nseed: 2\n",
    "experiment/tab": GLOBAL + "defaults:\n\t- override /enhance: [gamma]\n",
    "experiment/empty": GLOBAL,
    "experiment/list": "- a\n",
    "experiment/braces": GLOBAL + "seed: ${\n",
    "experiment/nul": GLOBAL + 'name: "a\0b"\n',
    "experiment/pickle": "a: !!python/object:os.system x\n",
    "experiment/place": GLOBAL + "hydra:\n  run:\n    dir: x\n",
    "experiment/nested": GLOBAL + "defaults:\n  - override /sampler: wrong\n",
    "experiment/elsewhere": GLOBAL + "defaults:\n  - /mine: foo\n",
    "experiment/chain": GLOBAL + "enhance:\n  gamma: 0.3\n",
    "experiment/streams": GLOBAL + "streams:\n  a: {sampler: many}\n  b: {enhance: gamma}\n",
    "mine/foo": "x: 1\n",
    "sampler/many": "# Many.\nname: uniform\nframes: 64\nshort: loop\n",
    "sampler/wrong": "name: uniform\nframes: abc\nshort: loop\n",
    "sampler/lacks": "name: uniform\nframes: 3\n",
    "sampler/noname": "frames: 3\n",
    "sampler/unknown": "name: randm\nframes: 3\n",
    "sampler/random": "name: uniform\nframes: 3\nshort: loop\n",
    "cv/header": "# @package foo\nname: stratified\n",
    "enhance/bright": "# @package enhance.gamma\ngamma: 0.3\n",
    "enhance/nohead": "gamma: 0.3\n",
    "enhance/unknown": "# @package enhance.gama\ngamma: 0.3\n",
}


@pytest.fixture
def own(tmp_path):
    """A folder of own options, good and bad; the program knows it."""
    for name, text in FILES.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    (tmp_path / "experiment" / "latin.yaml").write_bytes(b"# caf\xe9\nname: lat\n")
    (tmp_path / "experiment" / "utf16.yaml").write_bytes((GLOBAL + "seed: 1\n").encode("utf-16"))
    (tmp_path / "experiment" / "folder.yaml").mkdir()
    (tmp_path / "experiment" / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "experiment" / "short.yml").write_text(GLOBAL + "seed: 1\n")
    schema.set_config_dir(tmp_path)
    yield tmp_path
    schema.set_config_dir(None)


def read(own, *words):
    return request.read_request("train", list(words), False, str(own)).jobs[0].config


def test_own_options_are_applied_beside_broken_ones(own):
    assert read(own, "experiment=smoke")["name"] == "smoke"
    for name in ("good", "bom"):
        assert read(own, f"experiment={name}")["train"]["epochs"] == 1, name
    assert read(own, "sampler=many")["sampler"] == {"name": "uniform", "frames": 64, "short": "loop"}
    assert read(own, "enhance=bright")["enhance"] == {"gamma": {"gamma": 0.3}}
    assert read(own, "experiment=streams")["streams"]["a"]["sampler"]["name"] == "uniform", "the part, not the file"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("experiment=nohead", r"nohead\.yaml would set 'experiment', where nothing reads it; .* '# @package _global_'"),
        ("experiment=late", r"late\.yaml would set 'experiment', where nothing reads it"),
        ("experiment=behind", r"behind\.yaml would set 'experiment', where nothing reads it"),
        ("experiment=typo", r"typo\.yaml: unknown setting 'trian'.*did you mean 'train'"),
        ("experiment=deep", r"deep\.yaml: .*no parameter 'epoch'.*did you mean 'epochs'"),
        ("experiment=kind", r"kind\.yaml: train\.epochs='many': allowed is a whole number of at least 1"),
        ("experiment=twice", r"twice\.yaml, line 3: found duplicate key seed"),
        ("experiment=tab", r"tab\.yaml, line 3: a tab; yaml is indented with spaces"),
        ("experiment=latin", r"latin\.yaml, line 1: not UTF-8; save the file as UTF-8"),
        ("experiment=utf16", r"utf16\.yaml, line 1: not UTF-8"),
        ("experiment=empty", r"empty\.yaml is empty"),
        ("experiment=list", r"list\.yaml holds a list"),
        ("experiment=braces", r"braces\.yaml"),
        ("experiment=nul", r"nul\.yaml: unacceptable character"),
        ("experiment=pickle", r"pickle\.yaml, line 1: could not determine a constructor"),
        ("experiment=folder", r"folder\.yaml is a folder"),
        ("experiment=gone", r"gone\.yaml cannot be read: no such file"),
        ("experiment=short", r"short\.yml is not read: its name must end in \.yaml"),
        ("experiment=place", r"place\.yaml: hydra\.run is not taken from a file"),
        ("experiment=nested", r"wrong\.yaml: sampler\.frames='abc': allowed is a whole number of at least 1"),
        ("experiment=elsewhere", r"foo\.yaml would set 'mine', where nothing reads it"),
        ("experiment=chain", r"chain\.yaml: enhance\.gamma=0\.3: give a mapping"),
        ("sampler=lacks", r"lacks\.yaml: sampler\.short is missing"),
        ("sampler=noname", r"noname\.yaml: sampler\.name is missing; give the sampler that this is: all, dense"),
        ("sampler=unknown", r"unknown\.yaml: unknown sampler 'randm'.*did you mean 'random'"),
        ("sampler=random", r"random\.yaml is not read: .*same name and comes first; rename yours"),
        ("cv=header", r"header\.yaml would set 'foo'.*first line must be '# @package cv'"),
        ("enhance=nohead", r"nohead\.yaml would set 'enhance'.*first line must be '# @package enhance\.NAME'"),
        ("enhance=unknown", r"unknown\.yaml: unknown enhance 'gama'.*did you mean 'gamma'"),
    ],
)
def test_own_files_are_refused_by_name(own, word, said):
    with pytest.raises(BadRequest, match=said):
        read(own, word)


def test_what_was_typed_is_not_blamed_on_a_file(own):
    with pytest.raises(BadRequest, match=r"^train\.epochs=0: allowed is a whole number of at least 1"):
        read(own, "experiment=good", "train.epochs=0")


def test_a_file_that_may_not_be_read_is_named(own, monkeypatch):
    from pathlib import Path

    real = Path.read_bytes

    def refuse(path):
        if path.name == "good.yaml":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadRequest, match=r"good\.yaml cannot be read: permission denied"):
        read(own, "experiment=good")
    assert read(own, "experiment=smoke")["name"] == "smoke"


def test_a_users_own_file_is_named_where_nothing_can_be_composed(own):
    texts = {
        "nosuch": ("defaults:\n  - override /sampler: unifrm\n", "unknown sampler 'unifrm'; choose from .*'uniform'"),
        "noover": ("defaults:\n  - /sampler: uniform\n", "sampler is chosen twice; write `override /sampler: NAME`"),
        "refers": ("seed: ${sede}\n", r"seed: \$\{sede\} stands for a setting's value.*did you mean 'seed'"),
    }
    for name, (text, said) in texts.items():
        path = own / "experiment" / f"{name}.yaml"
        path.write_text(GLOBAL + text)
        schema.set_config_dir(own)
        with pytest.raises(BadRequest, match=rf"^{path}: {said}"):
            read(own, f"experiment={name}", "enhance=gamma")
    with pytest.raises(BadRequest, match=r"^seed: \$\{nope\} stands for"):
        read(own, "experiment=good", "seed=${nope}")


def test_an_experiments_settings_are_for_its_own_choice(own):
    (own / "experiment" / "mistaken.yaml").write_text(GLOBAL + "dataset:\n  confg: tiny\n")
    schema.set_config_dir(own)
    with pytest.raises(BadRequest, match=r"mistaken\.yaml.*no parameter 'confg'"):
        read(own, "experiment=mistaken", "dataset=video_folder", "dataset.root=/x")
