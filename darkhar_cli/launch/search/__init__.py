"""A search over parts and parameters: space, studies, score on outer folds; may use all below."""
