"""Frame samplers, one file each: length of a clip -> positions `(V, T)`; uses only what everybody may use."""
