"""Image transforms: programs that define `edit(image, **params)`, run on pictures.

A program is Python with numpy and Pillow at hand; `image` is a Pillow image in RGB. It returns a Pillow image or an
array [H, W, 3] of uint8. What it hands back is taken as raw pixels and nothing else.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .outcome import InfrastructureError, Rejected
from .raster import Picture
from .sandbox.pool import ProgramPool, picture_of, too_long

MAX_SIDE = 1024
"""Pixels of a picture's side, given or handed back."""


class Edit(NamedTuple):
    """A program to run on a picture."""

    program: str
    image: np.ndarray
    """[H, W, 3] uint8."""
    params: Mapping[str, Any]
    """JSON values by name."""


# --- in the child --------------------------------------------------------------------------------------------------


def warm() -> None:
    """Import what programs use and do once what they do, so that no child has to load and find it first."""
    import PIL.Image
    import PIL.ImageChops
    import PIL.ImageDraw
    import PIL.ImageEnhance
    import PIL.ImageFilter
    import PIL.ImageOps

    PIL.Image.init()
    run({"edit": _sample}, {"shape": [8, 8, 3], "params": {"angle": 9}}, bytes(3 * 8 * 8))


def _sample(image: Any, angle: float) -> Any:
    from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

    image = image.rotate(angle, Image.Resampling.BICUBIC, expand=True).filter(ImageFilter.GaussianBlur(1))
    ImageDraw.Draw(image).rectangle((1, 1, 3, 3), fill="red")
    tiles = np.split(np.asarray(image.resize((8, 8)).convert("L").convert("RGB")), 2, axis=1)
    image = Image.fromarray(np.concatenate(tiles[::-1], axis=1))
    return ImageEnhance.Brightness(ImageOps.mirror(ImageEnhance.Color(image).enhance(1.5))).enhance(0.5)


def run(namespace: Mapping[str, Any], request: Mapping[str, Any], payload: bytes) -> tuple[Any, bytes | memoryview]:
    """What the program's `edit` makes of the picture."""
    from PIL import Image

    edit = namespace.get("edit")
    if not callable(edit):
        return Rejected("no_edit", "the program defines no function edit", "def edit(image, **params): ..."), b""
    pixels = np.frombuffer(payload, np.uint8).reshape(request["shape"])
    return _pixels(edit(Image.fromarray(pixels), **request["params"]))


def _pixels(made: Any) -> tuple[Any, bytes | memoryview]:
    from PIL import Image

    if isinstance(made, Image.Image) and made.mode != "RGB":
        made = made.convert("RGB")
    array = np.asarray(made)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        what = f"{type(made).__name__} of {array.dtype} {list(array.shape)}"
        return Rejected("result", f"edit returned {what}", "return a Pillow image, or uint8 [height, width, 3]"), b""
    if min(array.shape) < 1 or max(array.shape) > MAX_SIDE:
        size = f"{array.shape[1]} x {array.shape[0]} px"
        return Rejected("size", f"the picture has {size}", f"at least 1 and at most {MAX_SIDE} on a side"), b""
    return {"shape": array.shape}, np.ascontiguousarray(array).data.cast("B")


# --- in the parent -------------------------------------------------------------------------------------------------


class EditPool(ProgramPool[Edit, Picture]):
    """Workers that run edits.

    Args:
        workers: how many.
        wall_s: wall clock for one program.
        cpu_s: processor time for one program.
        memory_mb: memory for one program, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    def __init__(
        self,
        workers: int = 1,
        wall_s: float = 10.0,
        cpu_s: float = 2.0,
        memory_mb: int = 512,
        layers: Collection[str] | None = None,
    ) -> None:
        super().__init__("edit", 3 * MAX_SIDE * MAX_SIDE + 4096, workers, wall_s, cpu_s, memory_mb, layers)

    def run(self, edits: Sequence[Edit]) -> list[Picture | Rejected | InfrastructureError]:
        """Each edit's picture, in order; or its rejection, or our failure after one retry.

        Raises:
            ValueError: an image is no [H, W, 3] uint8 array of at most `MAX_SIDE` px.
        """
        for edit in edits:
            shape = edit.image.shape
            if edit.image.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or max(shape) > MAX_SIDE:
                got = f"{edit.image.dtype} {list(shape)}"
                raise ValueError(f"an image must be uint8 [H, W, 3] of at most {MAX_SIDE} px on a side, got {got}")
        early = [too_long(edit.program) for edit in edits]
        done = iter(self.serve([edit for edit, no in zip(edits, early, strict=True) if no is None]))
        return [next(done) if no is None else no for no in early]

    def _asked(self, job: Edit) -> tuple[dict[str, Any], bytes]:
        request = {"program": job.program, "shape": job.image.shape, "params": dict(job.params)}
        return request, np.ascontiguousarray(job.image).tobytes()

    def _claimed(self, claim: Any, payload: bytes) -> Picture:
        picture = picture_of(claim["shape"], payload)
        if max(picture.array.shape) > MAX_SIDE:
            raise ValueError(f"a picture of {picture.array.shape} is larger than asked for")
        return picture
