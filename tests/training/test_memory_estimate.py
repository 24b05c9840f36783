"""What memory a run takes, estimated: sizes by hand, and what makes it grow."""

import pytest

from darkhar_cli.training.memory_estimate import MemoryEstimate, estimate_memory, resident_memory
from darkhar_cli.training.model_costs import model_costs
from darkhar_cli.training.summary import middle
from tests.helpers.trainers import trainer_maker

CONV = ("conv_small", {"size": [30, 40], "filters": 8, "features": 16})
BUILT = 400 << 20
BATCH = "batches and layers' outputs"
KEPT = "features and frames kept"


@pytest.fixture
def estimated(clips, tmp_path):
    """Return what estimates a trainer of the twelve small clips."""
    make = trainer_maker(tmp_path, clips, ("luma", {}))

    def estimate(**changes):
        trainer = make(**changes)
        costs = model_costs(trainer, clips.table.loc[middle(clips)])
        return estimate_memory(trainer, costs, clips.table.index.tolist(), BUILT)

    return estimate


def test_it_is_what_the_process_takes_and_what_is_added(estimated):
    found = estimated()
    assert found.total == sum(found.parts.values())
    assert BUILT < found.parts["program and libraries"] < found.total < BUILT + (512 << 20)
    assert list(found.parts.values()) == sorted(found.parts.values(), reverse=True)


def test_learning_from_frames_takes_more_with_the_batch(estimated):
    small, large = (estimated(extractor=CONV, batch_per_class=count) for count in (2, 20))
    clips, frames = 3 * 20, 4 * 30 * 40 * 3 * 4
    assert large.parts[BATCH] >= 2 * clips * frames  # the batch that is learnt from, and the next
    assert large.parts[BATCH] > 4 * small.parts[BATCH]


def test_frames_are_kept_as_far_as_there_is_room(estimated):
    kept = estimated(extractor=CONV).parts[KEPT]
    assert kept == 12 * 4 * 30 * 40 * 3 * 4  # four frames of each clip


def test_features_are_kept_in_place_of_frames(estimated, clips):
    kept = estimated().parts[KEPT]
    assert kept == 2 * 12 * 4 * 3 * 4  # as read, and for scoring


def test_what_a_process_takes_is_asked_of_the_system():
    assert 20 << 20 < resident_memory() < 64 << 30


def test_an_estimate_of_nothing_is_nothing():
    assert MemoryEstimate({}).total == 0
