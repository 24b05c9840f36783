"""Figures: one file each, whose `draw` returns a matplotlib figure; `style` makes SVG and PNG of it."""

from darkhar_cli.report.figures.from_run import run_figures, save_figures

__all__ = ["run_figures", "save_figures"]
