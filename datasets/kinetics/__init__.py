"""TFDS data set `kinetics`."""
