"""Image transforms: programs that define `edit(image, **params)`, run on pictures.

A program is Python with numpy, Pillow, OpenCV, scikit-image and scipy at hand; `image` is a Pillow image in RGB. It
returns a Pillow image or an array [H, W, 3] or [H, W] of uint8. What it hands back is taken as raw pixels and nothing
else.

May import `render/sandbox` and `render/raster.py`. Begin with `EditPool`.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .outcome import InfrastructureError, Rejected
from .raster import Picture
from .sandbox import wire
from .sandbox.claims import NONSENSE, SMALL_JSON, ClaimLimits, small_claim
from .sandbox.pool import (
    Bounds,
    Slot,
    WorkerPool,
    claim_bytes,
    layers_or_offered,
    picture_of,
    program_service,
    with_rejections,
)
from .sandbox.renderers import Renderer
from .sandbox.runners import Runners

MAX_SIDE = 1024
"""Pixels of a picture's side, given or handed back."""


class Edit(NamedTuple):
    """A program to run on a picture."""

    program: str
    image: np.ndarray
    """[H, W, 3] uint8."""
    params: Mapping[str, Any]
    """JSON values by name."""


_RESULT_HINT = "return a Pillow image, or uint8 [height, width, 3]"
_CLAIM_LIMITS = ClaimLimits(SMALL_JSON, 3 * MAX_SIDE * MAX_SIDE)
_VISION = r"\b(?:cv2|skimage|scipy)\b"
"""Found in the text of programs for which a worker loads OpenCV and scikit-image (see `vision.py`)."""
_KNOWN_GOOD = Edit("def edit(image):\n    return image", np.zeros((1, 1, 3), np.uint8), {})


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
    run({"edit": _sample_edit}, {"shape": [8, 8, 3], "params": {"angle": 9}}, bytes(3 * 8 * 8))


def hint(error: BaseException, program: str) -> str | None:
    """Return what to write instead where `program` asked for a library that is not here, as `error` says."""
    is_foreign = re.search(r"^\s*(?:import|from)\s+(?:torch|torchvision|tensorflow|jax)\b", program, re.MULTILINE)
    if isinstance(error, ModuleNotFoundError) or is_foreign:
        return "use Pillow, numpy, OpenCV (cv2), scikit-image (skimage) or scipy"
    return None


def _sample_edit(image: Any, angle: float) -> Any:
    from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

    image = image.rotate(angle, Image.Resampling.BICUBIC, expand=True).filter(ImageFilter.GaussianBlur(1))
    ImageDraw.Draw(image).rectangle((1, 1, 3, 3), fill="red")
    tiles = np.split(np.asarray(image.resize((8, 8)).convert("L").convert("RGB")), 2, axis=1)
    image = Image.fromarray(np.concatenate(tiles[::-1], axis=1))
    return ImageEnhance.Brightness(ImageOps.mirror(ImageEnhance.Color(image).enhance(1.5))).enhance(0.5)


def run(namespace: Mapping[str, Any], request: Mapping[str, Any], payload: bytes) -> tuple[Any, bytes | memoryview]:
    """Return the picture that the program's `edit` makes of the one in `payload`, whose shape `request` names."""
    from PIL import Image

    edit = namespace.get("edit")
    if not callable(edit):
        return Rejected("no_edit", "the program defines no function edit", "def edit(image, **params): ..."), b""
    pixels = np.frombuffer(payload, np.uint8).reshape(request["shape"])
    return _pixels(edit(Image.fromarray(pixels), **request["params"]))


def _three_channels(array: np.ndarray) -> np.ndarray:
    """Return grey pixels, [H, W] or [H, W, 1], and those with an alpha channel as red, green and blue."""
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        return np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    return array[:, :, :3] if array.ndim == 3 and array.shape[2] == 4 else array


def _pixels(edit_result: Any) -> tuple[Any, bytes | memoryview]:
    from PIL import Image

    if isinstance(edit_result, Image.Image) and edit_result.mode != "RGB":
        edit_result = edit_result.convert("RGB")
    array = _three_channels(np.asarray(edit_result))
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        result_text = f"{type(edit_result).__name__} of {array.dtype} {list(array.shape)}"
        is_skimage = array.dtype.kind == "f" and array.ndim == 3
        hint_text = "return skimage.util.img_as_ubyte(result)" if is_skimage else _RESULT_HINT
        return Rejected("result", f"edit returned {result_text}", hint_text), b""
    if min(array.shape) < 1 or max(array.shape) > MAX_SIDE:
        size_text = f"{array.shape[1]} x {array.shape[0]} px"
        return Rejected("size", f"the picture has {size_text}", f"at least 1 and at most {MAX_SIDE} on a side"), b""
    return {"shape": array.shape}, np.ascontiguousarray(array).data.cast("B")


# --- in the parent -------------------------------------------------------------------------------------------------


class EditPool(WorkerPool[Edit, Picture]):
    """Workers that run edits.

    Args:
        workers: number of processes.
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
        bounds = Bounds(wall_s, cpu_s, memory_mb)
        super().__init__([_slot(bounds, layers_or_offered(layers)) for _ in range(workers)])

    def run(self, edits: Sequence[Edit]) -> list[Picture | Rejected | InfrastructureError]:
        """Return the picture of each of `edits`, in order; or its rejection, or a failure of the infrastructure.

        Raises:
            ValueError: an image is not an [H, W, 3] uint8 array of at most `MAX_SIDE` px.
        """
        for edit in edits:
            shape = edit.image.shape
            if edit.image.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or max(shape) > MAX_SIDE:
                image_text = f"{edit.image.dtype} {list(shape)}"
                raise ValueError(
                    f"an image must be uint8 [H, W, 3] of at most {MAX_SIDE} px on a side, got {image_text}"
                )
        return with_rejections(
            [edit.program for edit in edits], lambda numbers: self.serve([edits[i] for i in numbers])
        )


def _slot(bounds: Bounds, layers: Collection[str]) -> Slot[Edit, Picture]:
    plain, vision = (
        program_service(renderer, bounds, _CLAIM_LIMITS, layers, _packed(_KNOWN_GOOD))
        for renderer in (Renderer.EDIT, Renderer.EDIT_VISION)
    )
    runners = Runners(plain, {_VISION: vision})

    def serve(edits: Sequence[Edit]) -> list[Picture | Rejected | InfrastructureError]:
        outcomes = dict(runners.stream([edit.program for edit in edits], [_packed(edit) for edit in edits], picture_in))
        return [outcomes[number] for number in range(len(edits))]

    return Slot(runners.services, serve)


def _packed(edit: Edit) -> bytes:
    request = {"program": edit.program, "shape": edit.image.shape, "params": dict(edit.params)}
    return wire.pack(request, np.ascontiguousarray(edit.image).tobytes())


def picture_in(message: Any, payload: bytes) -> Picture | Rejected:
    """Return the picture in a worker's reply of `message` and `payload`, or the rejection that its claim deserves."""
    claim = small_claim(claim_bytes(message, payload), _CLAIM_LIMITS)
    if claim is None or isinstance(claim, Rejected):
        return claim or NONSENSE
    try:
        picture = picture_of(claim[0]["shape"], claim[1])
    except (LookupError, TypeError, ValueError, OverflowError):
        return NONSENSE
    return picture if max(picture.array.shape) <= MAX_SIDE else NONSENSE
