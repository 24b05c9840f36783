"""From a request to run folders: Hydra, jobs, completion; may use all below it."""
