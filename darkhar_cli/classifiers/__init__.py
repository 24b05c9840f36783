"""Classifiers: what the frames mean together; `(B, T, F)` and a mask `(B, T)` -> logits `(B, K) float32`."""
