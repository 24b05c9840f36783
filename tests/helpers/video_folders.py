"""A folder of clips, opened as the data set `video_folder`, and what was left aside of it."""

from darkhar_cli.data import clip_dataset


def opened(root, **options):
    defaults = {"labels": None, "group": None, "test": None, "data_dir": None, "on_error": "stop"}
    return clip_dataset.open_clips({"name": "video_folder", "root": str(root), **defaults, **options})


def excluded(clips):
    """Return what was excluded: path -> reason."""
    return dict(zip(clips.excluded["path"], clips.excluded["reason"], strict=True))
