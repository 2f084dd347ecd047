"""Zerosight: a vision-language model improves itself from zero data."""

__version__ = "0.1.0"
