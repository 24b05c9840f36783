"""Data sets as clips: decoding, preparing, reading, measuring; may use `files`."""
