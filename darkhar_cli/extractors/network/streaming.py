"""TensorFlow Lite's streaming networks: they take a frame and their states, and give scores and new states."""

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from darkhar_cli import ambient
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.network import trial
from darkhar_cli.extractors.network.windows import at_times, timeline
from darkhar_cli.native_stderr import quiet_start

_MOST_INTERPRETERS = 8


class StreamingNetwork:
    """A clip's frames (T, h, w, 3) uint8 -> a timeline (T, F) of what the network gives after each frame; thread-safe.

    States begin as zeros with each clip, as TensorFlow Model Garden has it. Between frames that it
    is shown its features are interpolated.

    Args:
        path: the `.tflite` file, with a signature of named inputs and outputs.
        fps: frames it is shown in a second, or None: all.
        output: name of the output that features are taken from; None: the only one that is no state.

    Raises:
        BadRequest: the file is no streaming network.
    """

    def __init__(self, path: Path, fps: float | None, output: str | None):
        self.name, self.fps = path.name, fps
        self._idle: SimpleQueue = SimpleQueue()  # a runner serves one clip at a time
        try:
            for _ in range(min(ambient.cores(), _MOST_INTERPRETERS)):
                self._idle.put(_runner(path))
        except (ValueError, RuntimeError, OSError) as problem:
            reason = " ".join(str(problem).split())[:200]
            raise BadRequest(
                f"extractor.weights={path} is no streaming network of TensorFlow Lite: {reason}"
            ) from problem
        runner = self._idle.get()
        self._given, self._results = runner.get_input_details(), runner.get_output_details()
        self._idle.put(runner)
        self.image = self._image(path)
        self.states = [name for name in self._given if name != self.image]
        self.output = self._chosen(path, output)
        shape = [int(size) for size in self._given[self.image]["shape"]]
        self.size = (shape[-3], shape[-2])
        self.features = int(np.prod(self._results[self.output]["shape"][1:]))

    def _image(self, path: Path) -> str:
        """Return the name of the input that takes a frame, the states being the rest."""
        frames = [
            name
            for name, one in self._given.items()
            if one["shape"][-1] == 3 and len(one["shape"]) in (4, 5) and name not in self._results
        ]
        lost = [name for name in self._given if name not in self._results and name not in frames]
        if len(frames) != 1 or lost or len(self._given) < 2:
            names = ", ".join(list(self._given)[:4])
            raise BadRequest(
                f"extractor.weights={path} takes {names}: a streaming network takes one frame, and states that it "
                "gives again under the same names; for others there is extractor=model_file"
            )
        shape = self._given[frames[0]]["shape"]
        if any(size != 1 for size in shape[:-3]):
            raise BadRequest(
                f"extractor.weights={path} takes frames as {shape.tolist()}: give one of a frame at a time"
            )
        return frames[0]

    def _chosen(self, path: Path, output: str | None) -> str:
        others = [name for name in self._results if name not in self._given]
        if output is None and len(others) == 1:
            return others[0]
        if output is None or output not in others:
            what = f"extractor.output={output}: " if output else "give extractor.output=NAME: "
            raise BadRequest(f"{what}{path.name} gives {', '.join(others) or 'states alone'}")
        return output

    def __call__(self, frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        """Return the timeline."""
        positions = self._positions(len(frames), fps)
        runner = self._idle.get()
        try:
            states = {name: _zeros(self._given[name]) for name in self.states}
            found = []
            for position in at_times(positions, times):
                image = frames[position].astype(np.float32).reshape(self._given[self.image]["shape"]) / 255
                results = runner(**{self.image: _quantised(image, self._given[self.image])}, **states)
                states = {name: results[name] for name in self.states}
                found.append(_real(results[self.output], self._results[self.output]).reshape(-1))
        finally:
            self._idle.put(runner)
        return timeline(np.stack(found), positions[:, None], len(frames))

    def _positions(self, n: int, rate: float) -> np.ndarray:
        """Return which frames of a clip of n frames at a rate the network is shown."""
        step = max(1.0, rate / self.fps) if self.fps else 1.0
        return np.rint(np.arange(0, n - 0.5, step)).astype(np.int64).clip(0, n - 1)

    def try_out(self, clips: Sequence[trial.Clip]) -> str:
        """See `trial.try_out`."""
        what = f"{self.name} (streaming in litert, {self.size[0]} x {self.size[1]}, {len(self.states)} states)"
        return trial.try_out(what, clips, self, lambda frames, fps: len(self._positions(len(frames), fps)), "frame")


def _runner(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    with quiet_start():
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        signatures = list(interpreter.get_signature_list())
        if not signatures:
            raise ValueError("it has no signature, which names inputs and outputs")
        return interpreter.get_signature_runner(signatures[0])


def _zeros(detail: Any) -> np.ndarray:
    return _quantised(np.zeros(detail["shape"], np.float32), detail)


def _quantised(array: np.ndarray, detail: Any) -> np.ndarray:
    """Return real numbers as an input takes them."""
    kind, (scale, zero) = np.dtype(detail["dtype"]), detail["quantization"]
    if kind.itemsize > 1 or not scale:  # counts of frames are whole numbers too
        return array.astype(kind)
    limits = np.iinfo(kind)
    return np.clip(np.rint(array / scale + zero), limits.min, limits.max).astype(kind)


def _real(array: np.ndarray, detail: Any) -> np.ndarray:
    scale, zero = detail["quantization"]
    return ((array.astype(np.float32) - zero) * scale if scale else array).astype(np.float32)
