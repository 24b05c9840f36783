"""MoveNet Lightning out of an npm package: packed by `npm pack`, checked, converted from TensorFlow.js to TFLite.

Nothing of the package is run or unpacked but the two files that are wanted, and these only if they are, to the byte,
the files that are known.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from darkhar_cli import console
from darkhar_cli.errors import FailedWork
from darkhar_cli.weights.catalogue import Source

_PATIENCE_S = 300
_LONGEST_NAME = 300


class NoPackage(Exception):
    """npm is not here, or does not give the package; says why."""


@dataclass(frozen=True)
class Package:
    """What is known of a package.

    Attributes:
        integrity: SHA-512 of the archive in base 64, as the registry and lock files have it.
        size: bytes of the archive.
        members: of the files that are wanted: path in the archive -> bytes, SHA-256.
        model: the member that describes the graph.
        unpacked: bytes of all members at most.
    """

    integrity: str
    size: int
    members: Mapping[str, tuple[int, str]]
    model: str
    unpacked: int = 200_000_000


PACKAGES = {
    "@vladmandic/human@3.3.6": Package(
        "Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==",
        28_615_417,
        {
            "package/models/movenet-lightning.json": (
                161_813,
                "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
            ),
            "package/models/movenet-lightning.bin": (
                4_650_216,
                "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
            ),
        },
        "package/models/movenet-lightning.json",
    )
}


def download(source: Source, folder: Path) -> Path:
    """Pack, check and convert; return the TFLite file.

    Raises:
        NoPackage: npm is not here, or does not give the package.
        FailedWork: it gives another package than the known one, or the conversion fails.
    """
    package = PACKAGES[source.address]
    archive = pack(source.address, folder)
    unpack(archive, package, folder)
    archive.unlink()
    console.note("converting it with TensorFlow (under a minute)")
    return convert(folder / PurePosixPath(package.model).name, folder / source.file)


def pack(address: str, folder: Path) -> Path:
    """Have npm download a package's archive into a folder; scripts are not run.

    Raises:
        NoPackage: there is no npm, or it fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NoPackage("npm is not installed")
    command = [npm, "pack", address, "--pack-destination", str(folder), "--ignore-scripts", "--silent"]
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NoPackage(f"npm pack {address}: {problem}") from problem
    archives = sorted(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = f": {lines[0][:200]}" if lines else ""
        raise NoPackage(f"npm pack {address} gave no package (exit code {done.returncode}{said})")
    return archives[0]


def unpack(archive: Path, package: Package, folder: Path) -> None:
    """Write the wanted members of an archive into a folder, each checked; nothing else is unpacked.

    Raises:
        FailedWork: the archive or a member is another than the known one.
    """
    size = archive.stat().st_size
    with archive.open("rb") as opened:
        digest = b64encode(hashlib.file_digest(opened, "sha512").digest()).decode()
    if size != package.size or digest != package.integrity:
        raise _other(archive, f"{size} bytes with sha512-{digest}, not {package.size} with sha512-{package.integrity}")
    missing = dict(package.members)
    try:
        with tarfile.open(archive, "r:gz") as opened_archive:
            total = 0
            for member in opened_archive:
                total += member.size
                _refuse_member(archive, member, total, package.unpacked)
                if member.name in missing:
                    expected = missing.pop(member.name)
                    _write_member(archive, opened_archive, member, expected, folder)
    except (tarfile.TarError, EOFError, OSError) as problem:
        raise _other(archive, f"it cannot be unpacked ({problem})") from problem
    if missing:
        raise _other(archive, f"it lacks {', '.join(missing)}")


def _other(archive: Path, what: str) -> FailedWork:
    return FailedWork(f"{archive.name} is not the package that is known: {what}; it was not kept")


def _refuse_member(archive: Path, member: tarfile.TarInfo, total: int, most: int) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or len(member.name) > _LONGEST_NAME:
        raise _other(archive, f"{member.name[:_LONGEST_NAME]!r} would lie outside its folder")
    if total > most:
        raise _other(archive, f"it unpacks to more than {most} bytes")


def _write_member(
    archive: Path, opened: tarfile.TarFile, member: tarfile.TarInfo, expected: tuple[int, str], folder: Path
) -> None:
    size, digest = expected
    reader = opened.extractfile(member) if member.isreg() and member.size == size else None
    content = reader.read(size) if reader else b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise _other(archive, f"{member.name} is another file")
    (folder / PurePosixPath(member.name).name).write_bytes(content)


def convert(model: Path, target: Path) -> Path:
    """Convert a graph model to TFLite in a process of its own, for it needs TensorFlow; return the TFLite file.

    Raises:
        FailedWork: it cannot be converted.
    """
    command = [sys.executable, "-m", "darkhar_cli.weights.tfjs", str(model), str(target)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    try:
        done = subprocess.run(
            command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * _PATIENCE_S
        )
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    except subprocess.TimeoutExpired as problem:
        raise FailedWork(f"cannot convert {model.name}: it takes too long") from problem
    if done.returncode or not target.is_file():
        raise FailedWork(f"cannot convert {model.name} to TFLite: {last}")
    return target
