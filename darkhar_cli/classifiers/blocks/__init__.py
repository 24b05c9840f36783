"""Blocks of classifiers: inputs, normalisation, statistics, logits; registers none, uses what `classifiers` may."""
