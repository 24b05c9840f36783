"""TFDS data set `ellar`."""
