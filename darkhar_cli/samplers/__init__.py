"""Samplers: which frames of a clip are looked at; a file per part."""
