"""The house rules that no linter knows: the package's layout, sizes, and what only boundaries may do."""

import ast
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("benchmarks", "cli", "envs", "geometry", "render", "roles", "train")
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60

CATCHES_ALL = {
    ("benchmarks/own/fuzzing.py", "outcome_of"),
    ("render/sandbox/reader.py", "reply_to"),
    ("render/sandbox/reader.py", "_blamed"),
    ("render/sandbox/program.py", "_outcome"),
    ("envs/registry.py", "guarded"),
    ("cli/app.py", "_status"),
    ("train/runs/trackers.py", "_guarded"),
}
"""Functions that may catch every exception: boundaries that turn whatever happens into a recorded outcome."""
READS_ENVIRONMENT: set[str] = set()
"""Files that may read environment variables."""

PACKAGE_FILES = sorted([*ROOT.glob("*.py"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))])
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def syntax_trees(paths: Iterable[Path]) -> Iterator[tuple[str, ast.Module]]:
    """Each file's name with its syntax tree."""
    return ((name_of(path), syntax_tree(path)) for path in paths)


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def catch_alls(tree: ast.AST) -> Iterator[int]:
    """Lines of bare `except` and of `except` with Exception or BaseException among its types."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            named = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else set()
            if node.type is None or named & {"Exception", "BaseException"}:
                yield node.lineno


def environment_uses(tree: ast.AST) -> Iterator[int]:
    """Lines that name `environ`, `getenv`, `putenv` or their kin."""
    known = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in known:
            yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            if known & {alias.name for alias in node.names}:
                yield node.lineno


def own_name_imports(tree: ast.AST) -> Iterator[int]:
    """Lines that import the package by its name and not relatively."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        else:
            continue
        if any(module.partition(".")[0] == "zerosight" for module in modules):
            yield node.lineno


def test_package_list_equals_folders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = [path.parent for path in PACKAGE_FILES if path.name == "__init__.py"]
    found = {".".join(("zerosight", *folder.relative_to(ROOT).parts)) for folder in folders}
    assert sorted(found) == sorted(settings["packages"])


def test_package_folders_all_have_init() -> None:
    assert [name_of(path) for path in PACKAGE_FILES if not (path.parent / "__init__.py").is_file()] == []


def test_package_data_patterns_match_files() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for package, patterns in settings["package-data"].items():
        folder = ROOT.joinpath(*package.split(".")[1:])
        for pattern in patterns:
            assert list(folder.glob(pattern)), f"{package}: no file matches {pattern!r}"


def test_files_are_short() -> None:
    lines = {name_of(path): len(path.read_text().splitlines()) for path in (*PACKAGE_FILES, *TEST_FILES)}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_functions_are_short() -> None:
    long_functions = {
        f"{name}:{function.lineno} {function.name}": lines
        for name, tree in syntax_trees((*PACKAGE_FILES, *TEST_FILES))
        for function in functions(tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long_functions == {}


def test_only_boundaries_catch_all() -> None:
    beyond = []
    for name, tree in syntax_trees(PACKAGE_FILES):
        boundaries = (function for function in functions(tree) if (name, function.name) in CATCHES_ALL)
        allowed = {line for function in boundaries for line in catch_alls(function)}
        beyond += [f"{name}:{line}" for line in sorted(set(catch_alls(tree)) - allowed)]
    assert beyond == [], "name the exceptions that are expected there"


def test_catch_all_allow_list_is_used() -> None:
    used = {
        (name_of(path), function.name)
        for path in PACKAGE_FILES
        for function in functions(syntax_tree(path))
        if list(catch_alls(function))
    }
    assert used >= CATCHES_ALL


def test_environment_variables_are_not_read() -> None:
    uses = [
        f"{name}:{line}"
        for name, tree in syntax_trees(PACKAGE_FILES)
        if name not in READS_ENVIRONMENT
        for line in environment_uses(tree)
    ]
    assert uses == [], "take it as typed configuration"


def test_imports_inside_the_package_are_relative() -> None:
    absolute = [f"{name}:{line}" for name, tree in syntax_trees(PACKAGE_FILES) for line in own_name_imports(tree)]
    assert absolute == []


def test_top_folders_have_few_rooms() -> None:
    """A reader finds the room a line belongs in from the folder's name: at most 15 rooms at the top of render/."""
    rooms = [path for path in (ROOT / "render").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    assert len(rooms) <= 15


@pytest.mark.parametrize(
    ("find", "code", "count"),
    [
        (catch_alls, "try: f()\nexcept: pass", 1),
        (catch_alls, "try: f()\nexcept (ValueError, Exception): pass", 1),
        (catch_alls, "try: f()\nexcept BaseException as error: pass", 1),
        (catch_alls, "try: f()\nexcept ValueError: pass", 0),
        (environment_uses, "import os\nos.environ['A']\nos.getenv('A')", 2),
        (environment_uses, "from os import environ", 1),
        (environment_uses, "import os\nos.cpu_count()", 0),
        (own_name_imports, "import zerosight.envs\nfrom zerosight import make", 2),
        (own_name_imports, "from ..envs import make\nimport zerosightly", 0),
    ],
)
def test_rules_find_what_they_forbid(find, code: str, count: int) -> None:
    assert len(list(find(ast.parse(code)))) == count
