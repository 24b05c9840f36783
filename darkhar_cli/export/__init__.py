"""A run's models in other formats, checked against the run, with a model card; may use all below."""
