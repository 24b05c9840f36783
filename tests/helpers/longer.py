"""Tests that take longer than the rest, each of a kind that a quicker test of the same file holds too.

`make test` leaves them out, `make test-slow` runs them. A name without brackets means all its parameters.
"""

LONGER = (
    # clusters and searches
    "test_ray.py::test_a_node_that_dies_in_mid_sweep_costs_no_job",
    "test_search.py::test_a_whole_search",
    # whole runs in processes of their own, killed, started twice, watched
    "test_processes.py::test_a_killed_run_goes_on_and_ends_with_the_same_tables",  # test_runner.py: a killed run
    "test_processes.py::test_memory_does_not_grow_over_folds",
    "test_processes.py::test_the_smoke_experiment_in_a_process_of_its_own",  # `make smoke` runs it too
    "test_two_at_once.py::test_a_sweep_started_twice_has_one_table_of_the_folders_it_used",
    "test_two_at_once.py::test_a_run_started_four_times_is_run_once_and_survives_the_first",
    "test_predict.py::test_an_interruption_leaves_whole_rows",
    "test_ambient.py::test_a_keras_json_changes_no_byte",
    "test_ambient.py::test_a_user_without_a_name_or_home_trains",
    "test_runner.py::test_a_killed_paper_run_starts_over",
    "test_launchers.py::test_a_sweeper_draws_jobs_that_are_checked_when_they_start",
    "test_identity.py::test_a_run_does_not_go_on_with_other_code",
    "test_interface.py::test_saved_models_load_in_a_fresh_process",
    "test_interface.py::test_keras_imported_first_finds_the_classes_too",
    "test_interface.py::test_examples_run[training]",
    "test_tracked_runs.py::test_numbers_are_the_same_with_and_without_and_a_failure_travels",
    "test_tracked_runs.py::test_tensorboard_beside_a_run",
    "test_own_part_runs.py::test_train_and_evaluate_with_an_own_part",
    "test_refit.py::test_the_final_model_is_kept_and_made_again_the_same",
    "test_predict.py::test_a_pipe_is_read_as_it_comes",
    "test_stream_runs.py::test_a_killed_run_of_streams_ends_with_the_same_tables",
    "test_kills.py::test_a_killed_run_goes_on_to_the_same_tables[kills_at_renames]",  # kills_at_random
    "test_kills.py::test_a_stopped_run_has_its_exit_code_and_goes_on",  # test_stopping.py
    "test_kills.py::test_several_at_once_make_one_run",  # test_two_at_once.py
    "test_processes.py::test_memory_does_not_grow_over_the_jobs_of_a_sweep",
    "test_engines.py::test_a_process_that_dies_costs_no_other_job",
    "test_export.py::test_features_on_the_host_are_a_bundle_with_code_that_runs_alone[many_views]",
    "test_export.py::test_a_sampler_that_draws_by_content_stays_outside",
    "test_export.py::test_a_format_gives_the_runs_probabilities[savedmodel]",
    "test_evaluate_heads.py::test_heads_of_another_extractor_are_refused",
    "test_augmenting.py::test_training_is_augmented_and_scoring_never[augment2-frozen]",
    # many trainings in one test
    "test_controls.py::test_a_planted_background_looks_good_by_clip_and_not_by_group",
    "test_controls.py::test_labels_shuffled_among_groups_show_that_rooms_leak_and_single_clips_do_not",
    "test_controls.py::test_controls_stand_beside_an_experiment",
    "test_sweeps.py::test_a_sweep_over_a_group_and_its_parameter",
    "test_sweeps.py::test_a_sweep_over_seeds_shares_its_folds_and_ends_with_its_methods",
    "test_bank_runs.py::test_the_run_says_which_mode_and_runtime_and_why",
    "test_bank_runs.py::test_a_job_that_differs_in_head_folds_or_seed_computes_nothing",
    "test_end_to_end.py::test_skipped_clips_are_counted_in_what_follows",
    "test_nasty_names.py::test_a_run_on_nasty_names_is_whole",
    "test_paired_simulated.py::test_a_sweep_of_equals_seldom_names_a_winner[10-150-300]",
    "test_sample_frames.py::test_a_model_of_several_views_is_saved_and_trains_under_xla",
    "test_model.py::test_the_whole_model_trains_with_fit_and_xla",
    "test_evaluate_heads.py::test_a_run_from_the_bank_scores_through_its_own_extractor",
    "test_trainer_streams.py::test_whole_models_are_fused_saved_and_loaded",
    "test_refit.py::test_a_run_ends_with_its_final_model",
    "test_runner.py::test_repeats_keep_their_models_and_predictions_apart",
    "test_runner.py::test_any_other_way_starts_each_fold_from_the_same_weights",
    "test_runner.py::test_the_papers_way_carries_one_model_watches_the_scored_clips_and_says_so",
    "test_runner.py::test_shuffled_labels_are_told",
    "test_sweeps.py::test_a_sweep_over_enhancements_ends_with_its_table",
    "test_evaluate_heads.py::test_tables_of_repeats_come_again",
    "test_evaluate.py::test_training_clips_that_are_gone_are_not_guessed",
    "test_end_to_end.py::test_leaks_are_told",
    "test_trainer.py::test_end_to_end_and_features_agree",
    "test_augmenting.py::test_augmented_training_repeats",
    "test_augmenting.py::test_a_run_on_mirrored_frames",
    "test_augmenting.py::test_a_run_on_augmented_keypoints",
    "test_trainer_streams.py::test_identical_streams_say_what_one_says",
    "test_fusion.py::test_a_compiled_keras_model_of_two_branches_learns_likewise",
    "test_model.py::test_the_papers_shape_statement",
    "test_browse_and_figures.py::test_figures_of_a_run",
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
    "test_fusion.py::test_each_branch_learns_as_if_alone[adamw-0.01]",
    "test_end_to_end.py::test_every_experiment_runs_shrunk[paper_histeq]",
    "test_end_to_end.py::test_every_experiment_runs_shrunk[paper]",
    "test_end_to_end.py::test_every_experiment_runs_shrunk[dual_stream]",
    "test_end_to_end.py::test_every_experiment_runs_shrunk[pose_flow_late_fusion]",
    "test_end_to_end.py::test_every_experiment_runs_shrunk[pose_flow_tcn]",
    "test_end_to_end.py::test_every_experiment_runs_shrunk[pose_lstm]",
    "test_augmenting.py::test_training_is_augmented_and_scoring_never[augment1-frozen]",
    "test_augmenting.py::test_training_is_augmented_and_scoring_never[augment3-learns]",
    "test_predictor.py::test_training_evaluate_and_predict_show_models_the_same_tensors[late fusion]",
    "test_extractors.py::test_frames_to_features[efficientnet_v2_b0]",
    "test_extractors.py::test_frames_to_features[convnext_small]",
    "test_trainer.py::test_a_fold_alone_is_the_same_fold_in_a_whole_run_to_the_byte[features-classifier2]",
    "test_augmenting.py::test_training_is_augmented_and_scoring_never[augment0-learns]",
    "test_engine.py::test_openvino_gives_kerass_features[efficientnet_v2_b0]",
    "test_trainer_labels.py::test_rare_classes_weigh_as_much_as_others_where_asked[end_to_end]",
    "test_predictor.py::test_a_file_is_the_clip_that_the_data_set_has_of_it[late fusion]",
    "test_trainer_labels.py::test_rare_classes_weigh_as_much_as_others_where_asked[features]",
    "test_engine.py::test_openvino_gives_kerass_features[convnext_small]",  # convnext_tiny is the same code
    # whole data sets drawn and measured
    "test_check.py::test_small_is_within_the_tolerances_and_the_table_is_written",
    "test_check.py::test_nothing_is_held_against_bright_raw_or_few_clips",
    # exports of several conversions each
    "test_exported_networks.py::test_mobilenet_and_lstm_in_every_format",  # test_export.py: conv_small and lstm
    "test_exported_networks.py::test_pose_flow_late_fusion_is_a_bundle",  # test_export.py: the default run
    "test_export.py::test_features_on_the_host_are_a_bundle_with_code_that_runs_alone[any_length]",
    "test_export.py::test_features_on_the_host_are_a_bundle_with_code_that_runs_alone[in_time]",
    "test_export.py::test_int8_says_what_it_costs[openvino]",
    "test_check.py::test_clips_out_of_tolerance_fail",
    "test_check.py::test_of_twins_only_the_dark_are_measured",
    "test_leaks.py::test_real_recordings_are_found",
    "dark_synth_dataset_builder_test.py::test_tiny_holds_what_it_says",
    "dark_synth_dataset_builder_test.py::test_twins_pair_and_the_dark_ones_are_those_of_light_dark",
    "test_folds.py::test_real_groups_have_one_partition",
    # commands of the pages that train for long
    "test_readme.py::test_command[README.md-darkhar train experiment=smoke controls=true name=controlled]",
    *(
        f"test_readme.py::test_command[{command}]"
        for command in (
            "README.md-darkhar figures dataset=video_folder dataset.root=~/clips enhance=histeq,gamma",
            ".github/docs/comparing.md-darkhar train -m experiment=smoke seed=0,1 enhance=none,gamma name=helps",
            ".github/docs/comparing.md-darkhar compare outputs/sweeps/helps baseline=enhance=none",
            "datasets/README.md-darkhar train -m experiment=smoke enhance=none,gamma name=dark",
            "datasets/README.md-darkhar train experiment=smoke dataset.light=bright name=bright",
            "datasets/README.md-darkhar compare outputs/sweeps/dark outputs/train/bright-*",
            "conf/README.md-darkhar train experiment=smoke augment=mirror robustness=darkened name=darker",
            ".github/docs/scale.md-darkhar extract extractor=luma classifier=mean_pool sampler.frames=4 shard=0/2",
            ".github/docs/tracking.md-darkhar train experiment=smoke tracker=tensorboard name=followed",
        )
    ),
    "test_readme.py::test_the_page_on_python_runs_as_it_stands",
    "test_readme.py::test_the_example_part_works_as_it_stands",
)


def is_longer(node: str) -> bool:
    """Return whether a test (its node id) is one of them."""
    return _entry(node) is not None


def _entry(node: str) -> str | None:
    name = node.rsplit("/", 1)[-1] if "[" not in node else node[node.rindex("/", 0, node.index("[")) + 1 :]
    plain = name.split("[", 1)[0]
    return next((entry for entry in LONGER if entry in (name, plain)), None)
