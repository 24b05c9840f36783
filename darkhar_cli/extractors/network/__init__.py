"""Networks from files, for the extractors that run them: reading and running, layouts, colours, windows of frames, the
try-out; may use `weights`."""
