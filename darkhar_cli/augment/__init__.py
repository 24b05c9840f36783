"""Augmentation of training clips: on timelines of features, or on frames; a file per part."""
