"""The command line: one module a command, `app.py` first.

Imports every other folder and is imported by none. Commands that look at worlds load no torch, so that they answer
at once: whatever trains is imported inside the function that needs it.
"""

from .app import main

__all__ = ["main"]
