"""What frozen parts compute once and keep, and runtimes; may use `models`, `data`, `files` and the parts."""
