"""Zerosight: a vision-language model improves itself from zero data."""

__version__ = "0.1.0"


class Mendable(Exception):
    """What a person can mend: the command line says it in one line and exits with 2."""
