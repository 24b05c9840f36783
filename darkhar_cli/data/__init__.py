"""Data sets as clips: decoding, preparing, reading, measuring; uses only what everybody may use."""
