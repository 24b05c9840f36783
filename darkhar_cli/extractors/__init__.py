"""Extractors: what is seen in a frame; `(N, H, W, 3) -> (N, F) float32`."""
