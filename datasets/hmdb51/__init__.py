"""TFDS data set `hmdb51`."""
