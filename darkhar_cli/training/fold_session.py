"""One fold: its model, its labels and class weights, what it is shown, and the steps it takes."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.randomness import shuffled, spread_evenly
from darkhar_cli.splits.plan import Fold
from darkhar_cli.training import adapt, logistic_solver
from darkhar_cli.training.fine_tuning import share_of
from darkhar_cli.training.scored_inputs import ScoredInputs
from darkhar_cli.training.train_step import balanced_weights
from darkhar_cli.training.trainer import Trainer
from darkhar_cli.training.training_inputs import TrainingInputs

_AHEAD = 10  # epochs whose random frames are computed together: clips are then decoded once for all of them


class FoldSession:
    """Trains one fold's model and asks it for logits; what all folds share is the trainer's.

    Folds share one traced model, so a session ends where the next one begins.

    Args:
        trainer: of all folds.
        fold: which.
        fit: the rows trained on; None: all of the fold's training rows.
        inner: the rows that early stopping watches; empty: it does not.
        fresh: whether the model starts as newly built; else it carries on with what it learnt.

    Attributes:
        model: the fold's.
        labels: the class number of each row as this fold is trained on, its own.
        class_weights: (K,) of each class's cross-entropy; None: all alike.
        initial_weights: hash of the weights that the fold starts from.
    """

    def __init__(
        self,
        trainer: Trainer,
        fold: Fold,
        fit: Sequence[int] | None = None,
        inner: Sequence[int] = (),
        fresh: bool = True,
    ):
        self.trainer, self.fold, self.train = trainer, fold, trainer.train
        self.fit, self.inner = list(fold.train if fit is None else fit), list(inner)
        self.model = trainer.model
        if fresh:
            self.model.renew()
        self.initial_weights = self.model.weights_hash()
        self.digests = trainer.clips.table["digest"].to_dict()
        self.labels = self._own_labels()
        self.class_weights: np.ndarray | None = None
        if self.train.class_weight == "balanced" and self.fit:
            fitted = [self.labels[row] for row in self.fit]
            self.class_weights = balanced_weights(fitted, len(trainer.clips.classes))
        on_frames = trainer.mode != "features"
        self.inputs = TrainingInputs(trainer.augment, self.digests, self.labels, on_frames)
        self._scored = ScoredInputs(trainer.branches, not on_frames, trainer.experiment.score_mirrored)

    @property
    def epochs(self) -> int:
        """Return for how many epochs the fold is trained at most."""
        return self.trainer.epochs

    @property
    def solved(self) -> bool:
        """Return whether nothing is left to train by steps once `prepare_heads` is done."""
        return self.trainer.solved

    def _own_labels(self) -> dict[int, int]:
        clips, fold = self.trainer.clips, self.fold
        rows = clips.table.index.tolist()
        labels = dict(zip(rows, clips.labels(rows), strict=True))
        if self.train.shuffle_labels == "clips" and fold.train:
            names = [f"labels/{fold.repeat}/{self.digests[row]}" for row in fold.train]
            order = shuffled(self.trainer.seed, fold.index, names)
            labels |= dict(zip(fold.train, clips.labels([fold.train[i] for i in order]), strict=True))
        return labels

    def prepare_heads(self) -> None:
        """Give classifiers the statistics of the rows trained on, and solve those that are solved for."""
        for number, head in enumerate(self.model.heads()):
            if not (adapt.adaptable(head) or logistic_solver.solvable(head)):
                continue
            branch, batches, labels = self.trainer.branches[number], [], []
            for inputs, of_inputs in self.inputs.every_outcome(branch, self.fit):
                batches.append((self.model.features(number, inputs), inputs[1]))
                labels.append(of_inputs)
            adapt.adapt(head, batches)
            if logistic_solver.solvable(head):
                logistic_solver.solve(head, batches, np.concatenate(labels), self.class_weights)

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Show every row trained on once, in batches and in an order drawn for this epoch (from 0).

        Returns:
            What `CompiledModel.train` does: loss and accuracy on the way.
        """
        rows = self.fit
        if self.train.schedule == "cosine":
            self.model.set_rate(self.train.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs)))
        self.model.set_extractor_share(share_of(self.train.extractor_rate, self.train.extractor_warm_up, epoch))
        order = self._order(epoch)
        if self.trainer.mode == "features" and epoch % _AHEAD == 0:
            for stream in self.trainer.streams:
                coming = range(epoch, min(epoch + _AHEAD, self.epochs))
                stream.fill(rows, coming, self.trainer.augment.darkenings())
        size = self.train.batch_per_class * len(self.trainer.clips.classes)
        branches = [self.trainer.branches[i] for i in self.model.learning]
        batches = self.inputs.batches(branches, [rows[i] for i in order], epoch, size)
        return self.model.train(batches, size, self.class_weights)

    def _order(self, epoch: int) -> Sequence[int]:
        """Return the places of the rows trained on, in an epoch's order."""
        digests, seed = [self.digests[row] for row in self.fit], self.trainer.seed
        if self.train.balanced_batches:
            return spread_evenly(seed, epoch, digests, [self.labels[row] for row in self.fit])
        return shuffled(seed, epoch, digests)

    def order_of(self, epoch: int) -> list[str]:
        """Return the names of the clips trained on, in the order that an epoch (from 0) shows them in."""
        names = self.trainer.clips.table["id"]
        return [str(names[self.fit[i]]) for i in self._order(epoch)]

    def logits(self, rows: Sequence[int], darkening: Corruption | None = None, keep: bool = False) -> np.ndarray:
        """Return logits (N, K) float32 of rows in scoring, see `ScoredInputs.logits`."""
        return self._scored.logits(self.model, rows, darkening, keep)

    def measure(self, rows: Sequence[int]) -> dict[str, float]:
        """Return loss and accuracy of training clips as scored clips have them.

        The loss is the mean cross-entropy (nats) of the fused logits: frames as in scoring, no augmentation, no
        dropout, no penalties, no class weights; so the losses of any clips can be compared.
        """
        logits = self.logits(rows, keep=True).astype(np.float64)
        truth = np.array([self.labels[row] for row in rows])
        losses = logsumexp(logits, axis=1) - logits[np.arange(len(truth)), truth]
        return {"loss": float(losses.mean()), "accuracy": float((logits.argmax(axis=1) == truth).mean())}
