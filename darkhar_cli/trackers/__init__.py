"""Trackers of runs, one file each: the tools that draw a run's curves and keep its table; may use nothing else."""
