"""3D programs in the manner of pretrained models: accepted, with every object's name, extents and colour."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from zerosight.geometry.spatial import SpatialScene
from zerosight.render import Rejected
from zerosight.render.solid.draw import Solids
from zerosight.render.solid.pool import SolidPool

ENTRIES: list[dict[str, Any]] = [
    entry
    for path in sorted((Path(__file__).parent / "solid_corpus").glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text())
]
FACETS = 0.03
"""By how much of its size a round thing of flat faces falls short of it."""


@pytest.fixture(scope="module")
def outcomes(corpus_entries: list[dict[str, Any]]) -> dict[str, Any]:
    with SolidPool(workers=1, wall_s=60.0) as pool:
        drawn = pool.run([entry["program"] for entry in corpus_entries], 96)
    return dict(zip((entry["name"] for entry in corpus_entries), drawn, strict=True))


def test_solid_corpus_is_large_and_nearly_all_of_it_is_accepted() -> None:
    assert len({entry["name"] for entry in ENTRIES}) == len(ENTRIES) >= 60
    assert sum("refused" in entry for entry in ENTRIES) <= 0.05 * len(ENTRIES)


def test_solid_program_is_read_as_its_author_meant(corpus_entry: dict[str, Any], outcomes: dict[str, Any]) -> None:
    outcome = outcomes[corpus_entry["name"]]
    if "refused" in corpus_entry:
        assert isinstance(outcome, Rejected), outcome
        assert outcome.code == corpus_entry["refused"] and corpus_entry["hint"] in outcome.hint
        return
    assert isinstance(outcome, Solids), outcome
    assert differences(outcome.scene, corpus_entry) == []


def differences(scene: SpatialScene, expected: dict[str, Any]) -> list[str]:
    objects = {obj.name: obj for obj in scene.objects}
    texts = [] if len(scene.cameras) == expected.get("cameras", 1) else [f"{len(scene.cameras)} cameras"]
    if (
        len(objects) != expected.get("count", len(expected["objects"]))
        or not objects.keys() >= expected["objects"].keys()
    ):
        texts.append(f"the objects {list(objects)}")
    for name, (*sides, colour) in (
        (n, row if len(row) > 3 else [*row, None]) for n, row in expected["objects"].items() if row
    ):
        extents = np.ptp(objects[name].vertices, axis=0)
        if not np.allclose(extents, sides, rtol=FACETS, atol=1e-4):
            texts.append(f"{name} has the sides {extents}")
        if colour is not None and objects[name].colours != (colour,):
            texts.append(f"{name} has the colours {objects[name].colours}")
    return texts
