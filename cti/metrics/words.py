"""Words that several parts of the metrics use."""

OTHER = "other"
"""Stands for every value that nobody expected."""
