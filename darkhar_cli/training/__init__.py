"""From an experiment to trained folds: streams, model factory, steps, cross-validation; may use all below it."""
