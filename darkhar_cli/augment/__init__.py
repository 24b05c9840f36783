"""Augmentation of training clips: on timelines of features, or on frames."""
