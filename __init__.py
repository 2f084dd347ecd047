"""Zerosight: a vision-language model improves itself from zero data."""

from .errors import UserError

__all__ = ["UserError"]
__version__ = "0.1.0"
