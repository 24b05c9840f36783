"""Preparing a data set: every clip is read once and stored whole, beside its place, then moved there."""

import contextlib
import importlib
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli import console, plugins, registry, stopping
from darkhar_cli.data import clip_store, prepared_files
from darkhar_cli.data.dataset_builder import ClipBuilder, Source
from darkhar_cli.data.duplicates import Labelled, contradictions, copies, copies_in_words
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.files import asides, claims, disk
from darkhar_cli.files.tables import write_csv
from darkhar_cli.names import refuse_alike, several
from darkhar_cli.paths import elsewhere

_NOT_OPTIONS = ("name", "data_dir", "on_error", "reverse")


def builder_class(name: str) -> type[ClipBuilder]:
    """Return the TFDS builder of a data set, by import path; a user's own as it is registered."""
    if plugins.find("dataset", name):
        own: Any = registry.get("dataset", name)
        return own
    return importlib.import_module(f"darkhar_datasets.{name}.{name}_dataset_builder").Builder


def builder_of(dataset: Mapping[str, Any], **kwargs: Any) -> ClipBuilder:
    """Return the TFDS builder of a `dataset` group, made with its options."""
    options = {key: value for key, value in dataset.items() if key not in _NOT_OPTIONS}
    return builder_class(dataset["name"])(**options, **kwargs)


def prepare(dataset: Mapping[str, Any], folder: Path) -> None:
    """Prepare a data set unless another process does it meanwhile: then wait for that.

    Args:
        dataset: the `dataset` group of a configuration.
        folder: where the prepared data go.

    Raises:
        BadRequest: clips or classes under one name.
        FailedWork: clips are broken (each is named), or the folder cannot be written.
    """
    cure = elsewhere("dataset.data_dir", chosen=bool(dataset.get("data_dir")))
    writing = partial(disk.writing, cure=cure, what="cannot write prepared data to")
    file = folder.with_name(f".{folder.name}.claim")

    def naming_folder(_: Path) -> contextlib.AbstractContextManager[None]:  # which a user knows, not the claim's file
        return writing(folder)

    with writing(folder), claims.held(file, f"data set {dataset['name']} ({folder})", writing=naming_folder):
        left = list(asides.leftovers(folder.parent, folder.name))
        if not (folder / "clips.csv").is_file():
            _make(dataset, folder, [index for place in left for index in clip_store.whole_files(place)])
        for place in left:
            asides.remove(place)


def _make(dataset: Mapping[str, Any], folder: Path, left: Sequence[Path]) -> None:
    """Build a data set beside its place and move it there when it is whole.

    Args:
        dataset: the `dataset` group of a configuration.
        folder: its place.
        left: indexes of what a preparation that was killed has stored: it is not decoded again.
    """
    aside = asides.beside(folder)
    aside.mkdir(parents=True, exist_ok=True)
    try:
        counting = builder_of(dataset, data_dir=aside)
        sources = counting.sources()
        _refuse_twins(sources)
        refuse_alike(counting.classes(), f"data set {dataset['name']}")
        for line in counting.notes:
            console.note(line)
        same = copies(_labelled(sources))
        console.note(f"preparing {dataset['name']}: {len(sources)} clips")
        with console.progress("prepare", len(sources)) as progress:
            keep = dataset["on_error"] == "keep"
            builder = builder_of(dataset, data_dir=aside, on_clip=progress.advance, keep_damaged=keep)
            builder.refused = contradictions(same)
            builder.stores = [*left, *clip_store.indexes(folder.parent.parent)]
            readable = _build(builder)
        excluded = counting.excluded()
        for what in (*counting.left_aside, *filter(None, [copies_in_words(same)])):
            console.warn(what)
        _report_skipped(builder, dataset["on_error"] if readable else "stop")
        if not any(split.num_examples for split in builder.info.splits.values()):
            raise FailedWork("no clip could be read")
        write_csv(aside / "left_out.csv", pd.DataFrame(excluded, columns=["path", "reason"]), None)
        builder.write_beside(aside)
        prepared_files.seal(aside)
        if not (folder / "clips.csv").is_file():
            shutil.rmtree(folder, ignore_errors=True)  # damaged
        try:
            os.replace(aside, folder)
        except OSError:
            if not (folder / "clips.csv").is_file():  # else another process was faster: same clips
                raise
    except (stopping.Stopped, KeyboardInterrupt):
        if not clip_store.whole_files(aside):
            shutil.rmtree(aside, ignore_errors=True)
        raise  # the next preparation takes over what is whole
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _build(builder: ClipBuilder) -> bool:
    """Store the clips; return whether every split has a clip that can be read."""
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):  # tfds announces on standard output
        builder.download_and_prepare()
    return all(split.num_examples for split in builder.info.splits.values())


def _labelled(sources: Sequence[Source]) -> list[Labelled]:
    """Return the clips that are files, with their labels."""
    files = [(source, source.file) for source in sources if not source.problem]
    return [Labelled(source.id, source.label, file) for source, file in files if file is not None]


def _refuse_twins(sources: Sequence[Any]) -> None:
    seen: set[str] = set()
    for source in sources:
        if source.id in seen:
            raise BadRequest(f"{source.id} is listed twice; keep one of the two")
        seen.add(source.id)


def _report_skipped(builder: ClipBuilder, on_error: str) -> None:
    if not builder.skipped:
        return
    lines = [f"  {clip.id}: {clip.reason}" for clip in builder.skipped]
    listed = "\n".join(lines[:50]) + (f"\n  ... and {len(lines) - 50} more" if len(lines) > 50 else "")
    if on_error == "stop":
        keep = any(clip.damaged for clip in builder.skipped)
        other = ", or take those with corrupt frames all the same with dataset.on_error=keep" if keep else ""
        cure = f"mend or remove them, or exclude them with dataset.on_error=skip{other}"
        raise FailedWork(f"{several(len(lines), 'broken clip')}; {cure}:\n{listed}")
    console.warn(f"{several(len(lines), 'broken clip', verb=True)} excluded:\n{listed}")
