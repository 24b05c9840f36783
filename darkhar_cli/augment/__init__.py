"""Augmentations of training clips, one file each: of feature timelines or frames; may use `data` and `extractors`."""
