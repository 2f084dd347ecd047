"""Edits in the manner of pretrained models: accepted, and doing what their authors meant; and attacks by libraries."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from zerosight.render import Rejected
from zerosight.render.edit import Edit, EditPool
from zerosight.render.raster import Picture

ENTRIES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "edit_corpus" / "edits.yaml").read_text())
IMAGE = np.random.default_rng(5).integers(0, 256, (48, 64, 3), dtype=np.uint8)

HEAD = "import cv2, numpy as np, skimage.io\ndef edit(image):\n    a = np.array(image)\n    "
ATTACKS = {
    "read a file by OpenCV": "return cv2.imread('/etc/hostname') or a['']",
    "read a file raw by OpenCV": "return cv2.FileStorage('/etc/passwd', cv2.FILE_STORAGE_READ).root().string() + a",
    "write a file by OpenCV": "cv2.imwritemulti('/tmp/x.tiff', [a]) or a['']",
    "write settings by OpenCV": "cv2.FileStorage('/tmp/x.yml', cv2.FILE_STORAGE_WRITE).isOpened() or a['']",
    "open a camera by OpenCV": "return cv2.VideoCapture(0).read()[1]",
    "fetch a film by OpenCV": "return cv2.VideoCapture('http://127.0.0.1/a.mp4').read()[1]",
    "write a film by OpenCV": "v = cv2.VideoWriter('/tmp/x.avi', 0, 1, (4, 4))\n    v.isOpened() or a['']",
    "load a network by OpenCV": "return cv2.dnn.readNet('/etc/passwd')",
    "fill memory by OpenCV": "return cv2.resize(a, (60000, 60000))",
    "start threads by OpenCV": "cv2.setNumThreads(64)\n    cv2.GaussianBlur(np.tile(a, (9, 9, 1)), (9, 9), 3)['']",
    "read a file by scikit-image": "return skimage.io.imread('/etc/hostname')",
    "fetch a page by scikit-image": "return skimage.io.imread('http://127.0.0.1/a.png')",
    "write a file by scikit-image": "skimage.io.imsave('/tmp/x.png', a)",
    "load compiled code by scipy": "import scipy.io\n    return scipy.io.loadmat('/etc/passwd')",
}


@pytest.fixture(scope="module")
def outcomes(corpus_entries: list[dict[str, Any]]) -> dict[str, Any]:
    edits = [Edit(entry["program"], IMAGE, entry.get("params", {})) for entry in corpus_entries]
    attacks = [Edit(HEAD + text, IMAGE, {}) for text in ATTACKS.values()]
    with EditPool(workers=1, wall_s=30.0) as pool:
        drawn = pool.run([*edits, *attacks])
    return dict(zip([*(entry["name"] for entry in corpus_entries), *ATTACKS], drawn, strict=True))


def test_edit_corpus_is_large_and_nearly_all_of_it_is_accepted() -> None:
    assert len({entry["name"] for entry in ENTRIES}) == len(ENTRIES) >= 40
    assert sum("refused" in entry for entry in ENTRIES) <= 0.05 * len(ENTRIES)


def test_edit_does_what_its_author_meant(corpus_entry: dict[str, Any], outcomes: dict[str, Any]) -> None:
    outcome = outcomes[corpus_entry["name"]]
    if "refused" in corpus_entry:
        assert isinstance(outcome, Rejected) and corpus_entry["hint"] in outcome.hint, outcome
        return
    assert isinstance(outcome, Picture), outcome
    names = {"a": IMAGE, "b": outcome.array, "np": np}
    if "same" not in corpus_entry:
        assert eval(corpus_entry["check"], names)  # noqa: S307 - our own text
        return
    expected = eval(corpus_entry["same"], names)  # noqa: S307 - our own text
    assert expected.shape == outcome.array.shape
    assert np.abs(outcome.array.astype(float) - expected).max() <= corpus_entry.get("within", 0)


@pytest.mark.sandbox
@pytest.mark.parametrize("name", ATTACKS)
def test_libraries_reach_nothing_outside(name: str, outcomes: dict[str, Any]) -> None:
    assert isinstance(outcomes[name], Rejected), outcomes[name]
