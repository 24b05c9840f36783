"""What frozen parts compute once and keep, and runtimes; may use `models`, `data`, `config`, `files` and the parts."""
