"""TFDS data set `dark48`."""
