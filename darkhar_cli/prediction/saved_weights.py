"""The weights of a run's folds: read from their files once, checked, and given to the one model that they share."""

import numpy as np

from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation.stored_run import FoldName, fold_facts
from darkhar_cli.features.lru import LeastRecentlyUsed
from darkhar_cli.runs.run_folder import FINAL, Run
from darkhar_cli.training.compiled_model import CompiledModel

_KEEP_BYTES = 1 << 30


class SavedWeights:
    """Weights by fold; kept in memory as far as there is room.

    Args:
        run: whose.

    Attributes:
        names: (repeat, fold) of every fold's model.
        final: what the model on all training clips goes by, where there is one.
    """

    def __init__(self, run: Run):
        self._run, folds, final = run, fold_facts(run), run.final()
        self.names, self.final = list(folds), FINAL if final else None
        self._facts = {**folds, **({FINAL: final} if final else {})}
        self._known: LeastRecentlyUsed[FoldName, list[np.ndarray]] = LeastRecentlyUsed(
            _KEEP_BYTES, lambda weights: sum(array.nbytes for array in weights)
        )

    def give(self, name: FoldName, model: CompiledModel) -> None:
        """Give a model the weights of a fold; others may have used the model since.

        Raises:
            BadRequest: the file does not fit the run's configuration, or its weights have been changed.
        """
        known = self._known.get(name)
        if known is not None:
            model.whole.set_weights(known)
            return
        self._read(name, model)
        self._known.put(name, model.whole.get_weights())

    def _read(self, name: FoldName, model: CompiledModel) -> None:
        """Read only numbers: the model is built from the run's configuration, so nothing that a file holds is run."""
        repeat, fold = name
        path, expected = self._run.model_path(fold, repeat), self._facts[name].get("weights")
        try:
            model.whole.load_weights(str(path))
        except Exception as problem:  # zip, h5 and Keras each have their own
            raise BadRequest(
                f"{path} does not hold the model that {self._run.folder / 'config.yaml'} describes: {_first(problem)}"
            ) from problem
        actual = model.weights_hash()
        if expected and actual != expected:
            raise BadRequest(
                f"{path} has other weights than the run saved (hash {actual}, run.json has {expected}); bring the file "
                "back, or train again with fresh=true"
            )


def _first(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
