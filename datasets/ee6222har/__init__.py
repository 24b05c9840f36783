"""TFDS data set `ee6222har`."""
