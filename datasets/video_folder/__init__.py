"""TFDS data set `video_folder`."""
