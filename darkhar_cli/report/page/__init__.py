"""The page of a run, a sweep, a comparison or an evaluation: one file per section; may use all below it."""
