"""What edits are made of: the difference of pictures, sources, and the library that grows."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from zerosight.envs import Rejected, SeededRng
from zerosight.envs.transforms.difference import (
    CLEAR,
    SIDE,
    THRESHOLD,
    difference,
    fitted,
    gaps,
    lab,
    plainness,
    seen,
)
from zerosight.envs.transforms.library import (
    CAPACITY,
    MAX_ALIKE,
    PROBES,
    Entry,
    Library,
    Offer,
    alike,
    reward_of,
    tokens,
)
from zerosight.envs.transforms.program import read_program, run_built_in, scene_of, written
from zerosight.envs.transforms.seeds import SEEDS
from zerosight.envs.transforms.source import KINDS, read_spec, source_picture
from zerosight.geometry.edit import Step

SOURCES = [f"{kind} {number}" for kind in KINDS for number in range(15)]

# --- difference ------------------------------------------------------------


def shifted(pixels: np.ndarray) -> np.ndarray:
    return np.pad(pixels, ((1, 0), (1, 0), (0, 0)), "edge")[:-1, :-1]


def noisy(pixels: np.ndarray) -> np.ndarray:
    added = np.random.default_rng(0).normal(0, 6, pixels.shape)
    return np.clip(pixels + added, 0, 255).astype(np.uint8)


def brighter(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels * 1.04, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [np.copy, shifted, noisy, brighter])
def test_what_nobody_sees_is_no_difference(change):
    found = [difference(seen(source_picture(s)), seen(change(source_picture(s)))) for s in SOURCES]
    assert max(found) < 1 < THRESHOLD, (max(found), SOURCES[int(np.argmax(found))])


def test_block_of_the_threshold_is_a_difference():
    ground = np.full((SIDE, SIDE, 3), 128, np.uint8)
    for side, differs in ((20, True), (12, False)):
        block = ground.copy()
        block[20 : 20 + side, 20 : 20 + side] = (200, 128, 128)
        assert (difference(seen(ground), seen(block)) >= THRESHOLD) == differs
    grey = ground + 16
    assert difference(seen(ground), seen(grey)) == 0 and difference(seen(ground), seen(ground + 40)) == 100


def test_lab_is_that_of_the_standard():
    # Of sRGB primaries under D65, Lindbloom's calculator to one digit.
    # fmt: off
    known = {(255, 255, 255): (100, 0, 0), (0, 0, 0): (0, 0, 0), (255, 0, 0): (53.2, 80.1, 67.2),
             (0, 255, 0): (87.7, -86.2, 83.2), (0, 0, 255): (32.3, 79.2, -107.9), (119, 119, 119): (50, 0, 0)}
    # fmt: on
    for rgb, wanted in known.items():
        found = lab(np.array([[rgb]], np.uint8))[:, 0, 0] / 16
        assert np.abs(found - wanted).max() < 0.35, (rgb, found)
    assert CLEAR > 4 * 2.3


def test_difference_is_symmetric_and_stops_early_only_below():
    views = [seen(source_picture(source)) for source in SOURCES[::6]]
    for a in views:
        for b in views:
            exact = difference(a, b)
            assert exact == difference(b, a)
            early = difference(a, b, 50)
            assert early == exact or max(early, exact) < 50


def test_gaps_are_in_the_order_of_pairs():
    pictures = [source_picture(source) for source in ("noise 1", "shapes 2", "scene 3", "gradient 4")]
    found = gaps(pictures[0], pictures)
    a, b, c, d = map(seen, pictures)
    assert found.pairs == tuple(difference(*pair) for pair in ((a, b), (a, c), (a, d), (b, c), (b, d), (c, d)))
    assert found.source[0] == 0 and found.plain == tuple(map(plainness, (a, b, c, d)))


def test_pictures_of_any_size_are_fitted():
    for shape in ((1, 1), (1, 1024), (1024, 3), (64, 64), (33, 64), (200, 100)):
        assert fitted(np.zeros((*shape, 3), np.uint8)).shape == (SIDE, SIDE, 3)
    wide = fitted(np.full((32, 64, 3), 9, np.uint8))
    assert (wide[16:48] == 9).all() and (wide[:16] == 128).all()


# --- sources ------------------------------------------------------------


def test_sources_are_many_kinds_of_pictures_that_turning_changes():
    assert len({source_picture(source).tobytes() for source in SOURCES}) == len(SOURCES)
    for source in SOURCES[::4]:
        pixels = source_picture(source)
        assert pixels.shape == (SIDE, SIDE, 3) and not pixels.flags.writeable
        assert difference(seen(pixels), seen(np.ascontiguousarray(pixels[:, ::-1]))) >= 2 * THRESHOLD


@pytest.mark.parametrize("text", ["", "noise", "noise -1", "noise 01", "noise 1e3", "noise ١", "Noise 1", "noise 1 2"])
def test_name_of_no_source(text):
    assert read_spec(text) is None
    with pytest.raises(ValueError, match="names no source"):
        source_picture(text)


# --- the library ------------------------------------------------------------

OTHER = """source = "noise 8"
params = [{"n": 3}, {"n": 5}, {"n": 9}, {"n": 17}]
def edit(image, n):
    import numpy as np
    grid = np.asarray(image).astype(int)
    waves = (np.arange(64)[:, None] * n % 64) > 31
    grid[waves.repeat(64, 1)] = 255 - grid[waves.repeat(64, 1)]
    return np.clip(grid, 0, 255).astype("uint8")
"""


def own_scene():
    text = written("noise 8", tuple((Step("rotate", {"angle": n}),) for n in (30, 120, 210, 300)))
    read = read_program(text)
    return scene_of(read, run_built_in(read.source, read.sets))


def effect(number: int) -> tuple[np.ndarray, ...]:
    return tuple(source_picture(f"noise {100 * number + n}") for n in range(4 * len(PROBES)))


def offer(number: int = 1, text: str = OTHER, accuracy: float = 0.5) -> Offer:
    return Offer(text, own_scene(), effect(number), accuracy)


def words(number: int) -> str:
    """A program that shares next to nothing with another number's."""
    own = SeededRng(("words", number))
    return "def edit(image):\n    " + " + ".join(
        f"v{own.integer(0, 10**9)}[{own.integer(0, 10**9)}]" for _ in range(30)
    )


@pytest.fixture(scope="module")
def seeds() -> Library:
    return Library.of_seeds()


def test_library_begins_with_the_seeds(seeds):
    assert len(seeds.entries) == len(SEEDS) and all(each.seed for each in seeds.entries)
    assert seeds == Library.of_seeds() == Library.from_json(seeds.to_json())
    assert len({each.effect for each in seeds.entries}) == len(SEEDS)


def test_new_valid_program_at_the_edge_is_let_in(seeds):
    grown = seeds.admit(offer())
    assert isinstance(grown, Library) and grown.entries[-1].program == OTHER and grown.entries[-1].reward == 1
    assert grown.offered == seeds.offered + 1 and len(seeds.entries) == len(SEEDS)


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (offer(accuracy=0.75), "edge"), (offer(accuracy=0.25), "edge"), (offer(accuracy=1.0), "edge"),
        (replace(offer(), scene=Rejected("same", "two results are the same")), "invalid"),
        (offer(text=written("noise 1", tuple((Step("blur", {"radius": n}),) for n in (1, 4, 10, 24)))), "words"),
    ],
)  # fmt: skip
def test_program_that_is_no_gain_is_not_let_in(seeds, offered, code):
    found = seeds.admit(offered)
    assert isinstance(found, Rejected) and found.code == code and found.reason


def test_same_effect_in_other_words_is_not_let_in(seeds):
    grown = seeds.admit(offer())
    found = grown.admit(offer(1, words(1)))
    assert isinstance(found, Rejected) and found.code == "effect"
    assert isinstance(grown.admit(offer(2, words(1))), Library)
    assert grown.admit(offer(2)).code == "words"


def test_accuracy_just_inside_the_edge_is_let_in(seeds):
    assert isinstance(seeds.admit(offer(accuracy=0.74)), Library) and reward_of(0.74) > 0.5
    with pytest.raises(ValueError, match="between 0 and 1"):
        reward_of(1.1)


def test_library_keeps_its_best_and_its_seeds(seeds):
    entries = [Entry(words(n), 0.6 + n / 1000, 100 + n, False, f"{n:02x}") for n in range(CAPACITY - len(SEEDS))]
    full = Library((*seeds.entries, *entries), 200)
    assert len(full.entries) == CAPACITY
    grown = full.admit(offer(3, words(99), 0.5))
    assert isinstance(grown, Library) and len(grown.entries) == CAPACITY and grown.entries[len(SEEDS)].reward == 1
    assert entries[0] not in grown.entries and entries[1] in grown.entries
    assert sum(each.seed for each in grown.entries) == len(SEEDS)
    assert full.admit(offer(3, words(99), 0.74)).code == "full"


def test_newer_comes_first_among_equals(seeds):
    grown = seeds.admit(offer(1, words(1), 0.6)).admit(offer(2, words(2), 0.6)).admit(offer(3, words(3), 0.5))
    assert [each.number - seeds.offered for each in grown.entries[len(SEEDS) :]] == [2, 1, 0]


def test_likeness_sees_words_and_not_layout():
    assert alike(OTHER, OTHER) == pytest.approx(1) and alike(OTHER, words(1)) < MAX_ALIKE
    assert alike(OTHER.replace("    return", "    # why\n\n    return"), OTHER) == pytest.approx(1)
    renamed = OTHER.replace("waves", "mask").replace("grid", "cells")
    assert MAX_ALIKE < alike(renamed, OTHER) < 1
    assert alike("", OTHER) == 0 == alike(OTHER, "") and alike("", "") == 1
    assert tokens("def edit(: '''") == ["def", "edit(:", "'''"]
    assert alike("def a", "x y z") == 0


def test_library_of_another_version_is_refused():
    for text in ('{"version": 2}', "[]", "7"):
        with pytest.raises(ValueError, match="no library of version 1"):
            Library.from_json(text)


def test_saved_library_is_loaded_and_none_is_the_seeds(seeds, tmp_path):
    path = tmp_path / "library.json"
    assert Library.load(path) == seeds
    grown = seeds.admit(offer())
    grown.save(path)
    assert Library.load(path) == grown and [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == grown.to_json() == Library.load(path).to_json()


_SAVER = """
import sys
from pathlib import Path
from zerosight.envs.transforms.library import Entry, Library
path, number = Path(sys.argv[1]), 0
while True:
    number += 1
    Library(tuple(Entry("x" * 20_000, 0.9, n, False, "") for n in range(50)), number).save(path)
    sys.stdout.write(".")
    sys.stdout.flush()
"""


def test_save_survives_a_kill_at_any_moment(tmp_path):
    path = tmp_path / "library.json"
    for number in range(4):
        saver = subprocess.Popen([sys.executable, "-P", "-c", _SAVER, str(path)], stdout=subprocess.PIPE)
        saver.stdout.read(1)
        time.sleep(0.003 * number)
        os.kill(saver.pid, signal.SIGKILL)
        saver.wait()
        saver.stdout.close()
        found = Library.load(path)
        assert len(found.entries) == 50 and found.offered >= 1 and json.loads(path.read_text())["version"] == 1
