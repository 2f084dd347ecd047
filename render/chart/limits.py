"""Limits of a display list, which the program's process that records it and the trusted reader both hold it to."""

MAX_SIDE_IN = 20.0
"""Inches of a figure's side."""
MAX_ITEMS = 6_000
"""Painted things."""
MAX_VERTICES = 100_000
"""Vertices of all paths together."""
MAX_COORDINATE = 2.0e6
"""px, either sign."""
MAX_IMAGE_BYTES = 4 * 1024 * 1024
"""Bytes of all images together, as RGBA."""
