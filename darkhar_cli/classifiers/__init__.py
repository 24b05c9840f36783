"""Classifiers, one file each: `(B, T, F)`, mask `(B, T)` -> logits `(B, K)`; uses only what everybody may use."""
