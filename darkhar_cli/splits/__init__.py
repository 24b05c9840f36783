"""Who is trained on and who is scored: folds, groups, leakage; may use `data` and `config`."""
