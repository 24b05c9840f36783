"""Stored runs: scored again, compared, held against their controls; may use all below it."""
