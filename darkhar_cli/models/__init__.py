"""Keras layers and the end-to-end model; may use `data` and the parts."""
