"""TFDS data set `dark_synth`."""
