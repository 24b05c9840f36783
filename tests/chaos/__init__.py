"""Runs that are killed, stopped and started together, and what is left of them: `make chaos` prints the table."""
