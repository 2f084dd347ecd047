"""Edits that use OpenCV, scikit-image or scipy: as all others, in a worker that has loaded these libraries.

Windows open none and files are not written; how a program runs and what it hands back is that of `edit.py`.
"""

import importlib
from collections.abc import Callable
from typing import Any

from . import edit
from .edit import hint, run

__all__ = ["hint", "run", "warm"]

_MODULES = (
    *("color", "draw", "exposure", "feature", "filters", "measure", "metrics", "morphology", "restoration"),
    *("segmentation", "transform", "util"),
)
"""Of scikit-image, which loads each at its first use."""
_WARM = """
import cv2
import numpy as np
from skimage import color, exposure, filters, morphology, segmentation, transform, util
import scipy.ndimage
def edit(image):
    array = cv2.cvtColor(np.array(image), cv2.COLOR_RGB2BGR)
    array = cv2.resize(cv2.GaussianBlur(array, (5, 5), 0), (8, 8), interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((4, 4), 30, 1)
    array = cv2.warpAffine(array, turn, (8, 8), borderMode=cv2.BORDER_REFLECT)
    edges = cv2.Canny(cv2.cvtColor(array, cv2.COLOR_BGR2GRAY), 50, 150)
    array = cv2.cvtColor(cv2.addWeighted(array, 0.7, cv2.merge([edges] * 3), 0.3, 0), cv2.COLOR_BGR2RGB)
    array = filters.gaussian(transform.rotate(array, 10), sigma=1, channel_axis=-1)
    array = color.hsv2rgb(color.rgb2hsv(np.clip(exposure.adjust_gamma(array, 1.2), 0, 1)))
    morphology.closing(filters.sobel(color.rgb2gray(array)), morphology.disk(1))
    scipy.ndimage.gaussian_filter(array, 1)
    segmentation.slic(array, n_segments=4)
    return util.img_as_ubyte(array)
"""


def warm() -> None:
    """Import what programs use and do once what they do, so that nothing is loaded in a child."""
    edit.warm()
    for name in _MODULES:
        importlib.import_module(f"skimage.{name}")
    import cv2

    # A child may not start threads.
    cv2.setNumThreads(1)
    _let_windows_and_files_be(cv2)
    namespace: dict[str, Any] = {}
    exec(_WARM, namespace)  # noqa: S102 - our own text
    run(namespace, {"shape": [8, 8, 3], "params": {}}, bytes(3 * 8 * 8))


def _let_windows_and_files_be(cv2: Any) -> None:
    """Let functions of `cv2` that show a picture or write a file do nothing, as where nobody looks."""

    def answering(answer: Any) -> Callable[..., Any]:
        return lambda *args, **options: answer

    for name in ("imshow", "namedWindow", "destroyAllWindows", "destroyWindow", "moveWindow", "resizeWindow"):
        setattr(cv2, name, answering(None))
    cv2.imwrite = answering(True)
    # No key was pressed.
    cv2.waitKey = cv2.waitKeyEx = answering(-1)
