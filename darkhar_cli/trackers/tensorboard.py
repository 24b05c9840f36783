"""TensorBoard: event files in the run's folder, written by TensorFlow; only who looks at them needs the package."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.registry import register
from darkhar_cli.trackers.contract import TrackedRun, Tracker, as_markdown, results


@register("tracker", "tensorboard", extra="tensorboard")
class TensorBoard(Tracker):
    """Writes RUN/tensorboard/: a folder of curves for each fold, so that folds lie over one another; results beside."""

    def __init__(self) -> None:
        self._folder = Path()
        self._writers: dict[str, Any] = {}

    def begin(self, run: TrackedRun) -> None:
        """Write the configuration, in place of what an earlier process began."""
        self._folder = run.folder / "tensorboard"
        shutil.rmtree(self._folder, ignore_errors=True)
        rows = [f"| {key} | {value} |" for key, value in run.parameters.items()]
        self._write("results", "configuration", "\n".join(["| setting | value |", "| --- | --- |", *rows]))

    def epoch(self, fold: str, number: int, values: Mapping[str, float]) -> None:
        """Add a point to each of a fold's curves."""
        for key, value in values.items():
            self._write(fold, key, float(value), number)
        self._writers[fold].flush()

    def table(self, summary: pd.DataFrame) -> None:
        """Write the results as numbers and as a table."""
        for key, value in results(summary).items():
            self._write("results", key, value)
        self._write("results", "results", as_markdown(summary))

    def end(self, problem: str) -> None:
        """Close the files."""
        if problem:
            self._write("results", "ended early", problem)
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, place: str, tag: str, value: float | str, step: int = 0) -> None:
        """Write a number or a text, which TensorBoard's own functions do only where TensorBoard is installed."""
        import tensorflow as tf

        if place not in self._writers:
            self._writers[place] = tf.summary.create_file_writer(str(self._folder / place))
        plugin, data_class = ("text", 2) if isinstance(value, str) else ("scalars", 1)
        about = tf.compat.v1.SummaryMetadata(data_class=data_class)
        about.plugin_data.plugin_name = plugin
        with self._writers[place].as_default():
            tf.summary.write(tag, tf.constant(value), step=step, metadata=about)
