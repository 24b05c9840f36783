"""TFDS data set `arid`."""
