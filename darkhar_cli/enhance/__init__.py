"""Enhancements, one file each: `(N, H, W, 3)` 0..255 -> same shape and range; uses only what everybody may use."""
