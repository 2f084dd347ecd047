"""Scanned rooms: loaders for ScanNet, ScanNet++ and ARKitScenes in their published layouts.

`open_scan(folder)` gives a `Scan`: a `RoomScene` whose facts follow from the scan's mesh, labels and cameras, and the
pictures that go with its cameras. Nothing is guessed: a frame without a usable pose or picture is left out and counted
(`Scan.skip_counts`), or an error where `strict` is set, and any other file that is missing or malformed is a
`ScanError` that names it.
"""

from .files import ScanError
from .registry import layout_of, list_scans, open_scan
from .scan import Options, Scan, SkippedFrame
from .surfaces import NAMELESS, STRUCTURE

__all__ = [
    "NAMELESS",
    "STRUCTURE",
    "Options",
    "Scan",
    "ScanError",
    "SkippedFrame",
    "layout_of",
    "list_scans",
    "open_scan",
]
