"""The run folder, its tables, its identity and caveats, and a sweep's table; may use `metrics`, `config` and `data`."""
