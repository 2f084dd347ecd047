"""Pages of runs whose files were cut, edited or of another version: they are written, and nothing is a traceback."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from test_report import Page, full

from zerosight.train.config import RunConfig
from zerosight.train.runs.compare import write_comparison
from zerosight.train.runs.report import write_report
from zerosight.train.runs.store import Run

OTHER_VALUES: list[Any] = [
    None,
    3,
    -1.5,
    "x",
    "",
    True,
    [],
    ["a"],
    {},
    {"a": {"b": 1}},
    float("nan"),
    float("inf"),
    10**400,
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full(Run.create(tmp_path_factory.mktemp("runs") / "whole", RunConfig(steps=5))).folder


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside a decoded one."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


def damaged_text(rng: random.Random, text: bytes) -> bytes:
    """A text cut short, with a wrong byte, or with a value of its JSON replaced or taken away."""
    kind = rng.randrange(4)
    if kind == 0 or not text:
        return text[: rng.randrange(len(text) + 1)]
    if kind == 1:
        place = rng.randrange(len(text))
        return text[:place] + bytes([rng.randrange(256)]) + text[place + 1 :]
    lines = text.splitlines()
    number = rng.randrange(len(lines)) if len(lines) > 1 and lines[0].endswith(b"}") else None
    value = json.loads(text if number is None else lines[number])
    place = rng.choice(places(value))
    if not place:
        value = rng.choice(OTHER_VALUES)
    else:
        parent = value
        for key in place[:-1]:
            parent = parent[key]
        if kind == 2:
            del parent[place[-1]]
        else:
            parent[place[-1]] = rng.choice(OTHER_VALUES)
    changed = json.dumps(value).encode()
    if number is None:
        return changed
    return b"\n".join([*lines[:number], changed, *lines[number + 1 :]]) + b"\n"


@pytest.mark.parametrize("seed", range(40))
def test_a_page_is_written_whatever_became_of_a_runs_files(seed: int, whole: Path, tmp_path: Path) -> None:
    rng = random.Random(seed)
    folder = shutil.copytree(whole, tmp_path / "run")
    files = [*folder.glob("*.jsonl"), *folder.glob("*/*.json*"), folder / "manifest.json"]
    for path in rng.sample(sorted(files), rng.randrange(1, 4)):
        path.write_bytes(damaged_text(rng, path.read_bytes()))
    assert Page(write_report(Run.open(folder)).read_text(encoding="utf-8")).open == []
    page = write_comparison([whole, folder], tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert Page(page).open == []
