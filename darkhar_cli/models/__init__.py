"""Keras layers and the end-to-end model; may use the registered parts."""
