"""A finished run's models on other clips: data sets, video files, frames, streams; may use all below it."""
