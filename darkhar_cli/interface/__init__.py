"""The public interface, `import darkhar_cli as dk`: what the verbs do, for a notebook or another program."""
