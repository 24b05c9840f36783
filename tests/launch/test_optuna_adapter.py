"""What of Optuna's private names an upgrade may change."""

import pytest

from darkhar_cli.launch.search import optuna_adapter

optuna = pytest.importorskip("optuna", reason="optuna is not installed")


def test_a_trial_that_was_left_running_is_taken_up_with_its_draws():
    study = optuna.create_study()
    drawn = study.ask().suggest_float("x", 0, 1)
    (left,) = study.get_trials(states=[optuna.trial.TrialState.RUNNING])
    again = optuna_adapter.taken_up(optuna, study, left)
    assert (again.number, again.suggest_float("x", 0, 1)) == (0, drawn)
    study.tell(again, 1.0)
    assert study.best_value == 1.0
