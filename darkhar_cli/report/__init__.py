"""What a reader sees of run folders: tables, figures, a page; may use `evaluation`, `runs`, `metrics`, `files`."""
