"""Numbers of predictions: tables, intervals, paired tests; may use `files`."""
