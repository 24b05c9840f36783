"""How the branches of an experiment become one model that learns."""

import json
from collections.abc import Sequence
from typing import Any

import keras

from darkhar_cli import registry
from darkhar_cli.config.settings import TrainSettings
from darkhar_cli.errors import BadRequest
from darkhar_cli.models.action_model import assemble, build_classifier, frame_model
from darkhar_cli.models.fusion import FusedModel, fuse, side_by_side
from darkhar_cli.training import logistic_solver
from darkhar_cli.training.branches import Branch
from darkhar_cli.training.compiled_model import Learner, compile_model, head_learner


def build_learner(branches: Sequence[Branch], n_classes: int, train: TrainSettings, seed: int) -> Learner:
    """Return a fresh learner: classifiers on features, or whole models where frames are learnt from.

    Raises:
        BadRequest: a classifier that cannot be trained in this way.
    """
    if branches[0].streams[0].mode != "features":
        return _end_to_end(branches, n_classes, train, seed)
    keras.utils.set_random_seed(seed)  # a head's first weights do not depend on which frozen extractor it follows
    heads = [[b.classifier, registry.source_hash("classifier", b.classifier[0]), str(b.timeline)] for b in branches]
    return head_learner(json.dumps([heads, n_classes]), lambda: fuse([_head(b, n_classes) for b in branches]), train)


def _head(branch: Branch, n_classes: int) -> Any:
    """Return a fresh classifier; what is solved for is not trained by steps."""
    head = build_classifier(branch.classifier, branch.timeline, n_classes)
    last = logistic_solver.solvable(head)
    if last is not None:
        last.trainable = False
    return head


def _end_to_end(branches: Sequence[Branch], n_classes: int, train: TrainSettings, seed: int) -> Learner:
    wholes, models = [], []
    for branch in branches:
        stream = branch.streams[0]
        if not stream.extractor.trainable:
            keras.utils.set_random_seed(seed)
        head = build_classifier(branch.classifier, branch.timeline, n_classes)
        if logistic_solver.solvable(head):
            raise BadRequest("classifier.solver=lbfgs solves for features that do not change; use solver=gradient")
        wholes.append(assemble(stream.parts.sampler, stream.parts.enhance, stream.extractor, head, seed))
        models.append(frame_model(wholes[-1].per_frame, head, stream.extractor.size))
    frozen = [
        v for b in branches if not b.streams[0].extractor.trainable for v in b.streams[0].extractor.model.variables
    ]
    model, whole = models[0], wholes[0]
    if len(models) > 1:
        model = keras.Model(*side_by_side(models))
        whole = FusedModel(wholes)
    compile_model(model, train, len(models))
    return Learner(model, whole, frozen, len(models))
