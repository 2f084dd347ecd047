"""Picture files of strangers, opened only where their pixels are few enough to be held.

A file of some kilobytes can announce a picture of a gigabyte; its size is read from its first bytes, before its pixels.
"""

import io
from pathlib import Path

from PIL import Image

MAX_PIXELS = 40_000_000
"""Pixels of a picture: an 8K frame has 33 million."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""Formats whose size is known before they are decoded."""


def open_picture(source: Path | bytes) -> Image.Image:
    """Open the picture in the file `source`, or in its bytes; no pixel is decoded yet.

    Raises:
        OSError: there is no such file, it is not a picture of `FORMATS`, or it has more than `MAX_PIXELS` pixels.
    """
    try:
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise OSError(str(error)) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise OSError(f"a picture of {width} x {height} px is too large: at most {MAX_PIXELS} pixels")
    return image
