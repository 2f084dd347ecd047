"""A picture file is opened only where its pixels are few enough."""

import io
import struct
import tracemalloc
import warnings
import zlib
from pathlib import Path

import pytest
from PIL import Image

from zerosight.render.decode import FORMATS, MAX_PIXELS, open_picture


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int) -> bytes:
    """A PNG that announces this size, all of one colour and one bit."""
    packer = zlib.compressobj(9)
    rows = packer.compress(bytes(1 + width // 8) * min(height, 64)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 15_200), (6_400, 6_400), (200_000, 201), (60_000, 60_000), (2**31 - 1, 9)])
def test_a_picture_of_too_many_pixels_is_not_decoded(size: tuple[int, int], tmp_path: Path) -> None:
    data = png_of(*size)
    (tmp_path / "bomb.png").write_bytes(data)
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for source in (data, tmp_path / "bomb.png"):
            with pytest.raises(OSError, match="pixels"):
                open_picture(source)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("kind", FORMATS)
def test_an_ordinary_picture_is_opened(kind: str) -> None:
    image, file = Image.new("RGB", (40, 30), (200, 10, 10)), io.BytesIO()
    image.save(file, kind)
    assert open_picture(file.getvalue()).convert("RGB").size == (40, 30)


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_not_a_picture_is_not_opened(data: bytes) -> None:
    with pytest.raises(OSError):
        open_picture(data)


def test_as_many_pixels_as_are_allowed() -> None:
    assert open_picture(png_of(8_000, MAX_PIXELS // 8_000)).size == (8_000, MAX_PIXELS // 8_000)
