"""Tests that take longer than the rest, each of a kind that a quicker test of the same file holds too.

`make test` leaves them out, `make test-slow` runs them. A name without brackets means all its parameters.
"""

LONGER = (
    # whole runs in processes of their own, killed, started twice, watched
    "test_processes.py::test_a_killed_run_goes_on_and_ends_with_the_same_tables",  # test_runner.py: a killed run
    "test_processes.py::test_memory_does_not_grow_over_folds",
    "test_processes.py::test_the_smoke_experiment_in_a_process_of_its_own",  # `make smoke` runs it too
    "test_two_at_once.py::test_a_sweep_started_twice_has_one_table_of_the_folders_it_used",  # one run is, in the rest
    "test_kills.py::test_a_killed_run_goes_on_to_the_same_tables[kills_at_renames]",  # kills_at_random
    "test_kills.py::test_a_stopped_run_has_its_exit_code_and_goes_on",  # test_stopping.py
    "test_kills.py::test_several_at_once_make_one_run",  # test_two_at_once.py
    "test_processes.py::test_memory_does_not_grow_over_the_jobs_of_a_sweep",
    # many trainings in one test
    "test_controls.py::test_a_planted_background_looks_good_by_clip_and_not_by_group",
    "test_controls.py::test_labels_shuffled_among_groups_show_that_rooms_leak_and_single_clips_do_not",
    "test_sweeps.py::test_a_sweep_over_a_group_and_its_parameter",
    "test_bank_runs.py::test_random_sampling_computes_only_new_frames",
    "test_bank_runs.py::test_damaged_entries_are_computed_again_and_change_no_table",  # test_features.py: entries
    "test_stream_runs.py::test_whole_models_of_two_streams_run_and_are_evaluated",
    "test_stream_runs.py::test_many_folds_are_told_in_one_row",
    # some of many parameters
    "test_trainer.py::test_a_fold_alone_is_the_same_fold_in_a_whole_run_to_the_byte[end_to_end-classifier0]",
    "test_trainer.py::test_a_fold_alone_is_the_same_fold_in_a_whole_run_to_the_byte[features-classifier1]",
    "test_trainer.py::test_every_classifiers_fold_alone_is_the_same_to_the_byte",
    "test_trainer.py::test_both_ways_agree_on_real_clips",
    "test_learner.py::test_the_compiled_loop_trains_as_keras_does[bilstm-adam]",
    "test_learner.py::test_the_compiled_loop_trains_as_keras_does[transformer-adam]",
    "test_learner.py::test_the_compiled_loop_trains_as_keras_does[lstm-adamw]",
    "test_fusion.py::test_each_branch_learns_as_if_alone[adamw-0.0]",
    "test_fusion.py::test_each_branch_learns_as_if_alone[adam-0.01]",
    "test_end_to_end.py::test_every_experiment_runs_shrunk[paper_histeq]",
    "test_trainer_labels.py::test_rare_classes_weigh_as_much_as_others_where_asked[features]",
    "test_engine.py::test_openvino_gives_kerass_features[convnext_small]",  # convnext_tiny is the same code
    # whole data sets drawn and measured
    "test_check.py::test_small_is_within_the_tolerances_and_the_table_is_written",
    "test_check.py::test_nothing_is_held_against_bright_raw_or_few_clips",
    # commands of the pages that train for long
    "test_readme.py::test_command[README.md-darkhar train experiment=smoke controls=true name=controlled]",
)


def is_longer(node: str) -> bool:
    """Return whether a test (its node id) is one of them."""
    return _entry(node) is not None


def _entry(node: str) -> str | None:
    name = node.rsplit("/", 1)[-1] if "[" not in node else node[node.rindex("/", 0, node.index("[")) + 1 :]
    plain = name.split("[", 1)[0]
    return next((entry for entry in LONGER if entry in (name, plain)), None)
