"""TFDS data set `ucf101`."""
