"""Enhancements: how frames are lit; `(N, H, W, 3) float32 0..255 -> same shape and range`."""
