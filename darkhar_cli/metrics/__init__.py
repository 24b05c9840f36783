"""Numbers of predictions: tables, intervals, paired tests; uses only what everybody may use."""
