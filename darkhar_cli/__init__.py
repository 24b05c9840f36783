"""darkhar: experiments in human action recognition in dark video."""

__version__ = "0.1.0"
