"""How the branches of an experiment become one model that learns."""

import json
import random
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
from darkhar_cli.training.compiled_model import CompiledModel, compile_model, compiled_heads
from darkhar_cli.training.execution_plan import ExecutionPlan
from darkhar_cli.training.fine_tuning import SlowExtractors


def build_compiled_model(
    plan: ExecutionPlan, branches: Sequence[Branch], n_classes: int, train: TrainSettings, seed: int
) -> CompiledModel:
    """Return a fresh compiled model: classifiers on features, or whole models where frames are learnt from.

    Args:
        plan: says which.
        branches: the plan's classifiers with their streams built.
        n_classes: K.
        train: optimizer and its rate.
        seed: of first weights.

    Raises:
        BadRequest: a classifier that cannot be trained in this way.
    """
    if plan.mode != "features":
        random.setstate(plan.random_state)  # first weights follow the extractors', whatever was drawn since
        return _end_to_end(branches, n_classes, train, seed)
    keras.utils.set_random_seed(seed)  # a head's first weights do not depend on which frozen extractor it follows
    heads = [[b.classifier, registry.source_hash("classifier", b.classifier[0]), str(b.timeline)] for b in branches]
    return compiled_heads(json.dumps([heads, n_classes]), lambda: fuse(_heads(plan, branches, n_classes)), train)


def _heads(plan: ExecutionPlan, branches: Sequence[Branch], n_classes: int) -> list[Any]:
    """Return fresh classifiers; what is solved for is not trained by steps."""
    heads = []
    for planned, branch in zip(plan.classifiers, branches, strict=True):
        head = build_classifier(branch.classifier, branch.timeline, n_classes)
        last = logistic_solver.solvable(head)
        if last is not None:
            last.trainable = False
        if planned.solved != (not head.trainable_variables):
            how = "has weights that are trained by steps" if planned.solved else "has nothing to train by steps"
            raise BadRequest(f"classifier {planned.part[0]!r} {how}, and its parameter `solver` says otherwise")
        heads.append(head)
    return heads


def _end_to_end(branches: Sequence[Branch], n_classes: int, train: TrainSettings, seed: int) -> CompiledModel:
    wholes, models = [], []
    for branch in branches:
        stream = branch.streams[0]
        if not stream.extractor.trainable:
            keras.utils.set_random_seed(seed)
        head = build_classifier(branch.classifier, branch.timeline, n_classes)
        if logistic_solver.solvable(head):
            raise BadRequest(
                "classifier.solver=lbfgs solves for features that do not change; use solver=gradient, or a classifier "
                "that learns with the extractor, e.g. classifier=lstm"
            )
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
    learning = [b.streams[0].extractor.model for b in branches if b.streams[0].extractor.trainable]
    slow = SlowExtractors(learning) if train.extractor_rate != 1 or train.extractor_warm_up else None
    return CompiledModel(model, whole, frozen, len(models), train.accumulate, slow)
