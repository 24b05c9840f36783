"""Feature extractors, one file each: frames `(N, H, W, 3)` or a whole clip -> features `(N, F)`; may use `data` and
`weights`."""
