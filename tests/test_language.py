"""The script that measures names and language counts what it says, and the package keeps to its limits."""

import ast
import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "language.py"
spec = importlib.util.spec_from_file_location("language", SCRIPT)
assert spec is not None and spec.loader is not None
language = importlib.util.module_from_spec(spec)
spec.loader.exec_module(language)


@pytest.mark.parametrize(
    "name", ["found", "each", "_own", "kept", "asked", "given", "said", "first", "waiting", "rendered"]
)
def test_determiner_is_one(name: str) -> None:
    assert language.is_determiner(name)


@pytest.mark.parametrize("name", ["seed", "speed", "left", "found_boxes", "rate", "red", "index", "run", "i", "need"])
def test_noun_is_no_determiner(name: str) -> None:
    assert not language.is_determiner(name)


@pytest.mark.parametrize(
    ("name", "count"), [("rate", 1), ("solve_rate", 2), ("_x", 1), ("SolveRate", 2), ("px2cm_at", 4)]
)
def test_words_of_a_name(name: str, count: int) -> None:
    assert language.word_count(name) == count


def test_bindings_are_assignments_loops_and_parameters() -> None:
    tree = ast.parse("def f(a, *b, self=1):\n    c = d.e = 1\n    for g, _ in h: pass\n    if (i := 2): pass")
    assert sorted(name for node in ast.walk(tree) for name, _ in language.bound_names(node)) == [
        "a",
        "b",
        "c",
        "g",
        "i",
    ]


def test_package_keeps_to_the_limits() -> None:
    assert language.failures(language.measure().figures()) == []
