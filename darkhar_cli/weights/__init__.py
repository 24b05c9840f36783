"""Files of pretrained weights: which there are, where they are searched, downloads and their checks; uses `files`."""
