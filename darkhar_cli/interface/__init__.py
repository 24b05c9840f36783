"""The public interface, `import darkhar_cli as dk`: what verbs do, for notebooks and programs; may use all below it."""
