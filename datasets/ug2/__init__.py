"""TFDS data set `ug2`."""
