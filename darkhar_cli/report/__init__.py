"""Figures and the html report of a run, from its folder alone."""
