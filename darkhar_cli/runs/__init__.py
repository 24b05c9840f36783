"""One run: its folder and its identity; may use `splits`, `config`, `metrics`, `files` and the parts."""
