"""One run: its folder and its identity; may use `splits`, `config`, `metrics`, `weights`, `files` and the parts."""
