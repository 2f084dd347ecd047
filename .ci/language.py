"""Measure how the code names and describes things, and hold it to the house's limits: `python .ci/language.py`.

Counted over all Python files of the package, tests and examples aside:

- *bindings*: each place where a name is bound by assignment, a loop, `with`, a walrus or a parameter;
- *determiners*: bindings called by a determiner, a pronoun or a participle alone (`found`, `each`, `kept`), which do
  not say what they hold;
- *two words*: bindings whose name has two words or more (`solve_rate`);
- *shared classes*: classes whose name another class has, unless one is derived from the other or both are private;
- *relative openings*: docstrings that begin with a relative or interrogative word ("What", "Whether", "How") or "Of";
- *arguments named*: of the documented functions that take arguments, those whose docstring names one.

`--list FOLDER` prints the places to mend in a folder or file, `--json` the figures.
"""

import argparse
import ast
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIMITS = {
    "determiners": (0.02, "most"),
    "two_words": (0.20, "least"),
    "shared_classes": (0.0, "most"),
    "relative_openings": (0.03, "most"),
    "arguments_named": (0.70, "least"),
}
"""Shares that the whole package is held to; `least` is a floor, `most` a ceiling."""

DETERMINERS = frozenset(
    "a an the this that these those each every all any some no none both either neither other others another one such "
    "same own what which who whose whatever few many most more less several first last next rest here there it its "
    "them they everyone everything everybody anything something nothing half whole alone "
    # Participles of irregular verbs; the regular ones end in -ed.
    "found given told kept made taken said shown drawn held known seen done read written chosen begun gone got had "
    "been built bought brought caught cut dealt driven fallen felt forgotten frozen grown heard hidden hit hurt laid "
    "led lent lost meant met paid put run sent set spent split spread stood stuck sunk swept thought thrown "
    "understood woken won worn bound broken come became begotten borne left "
    # Participles of the present that name no thing.
    "waiting missing lacking standing being having going coming remaining".split()
)
NOT_PARTICIPLES = frozenset("seed speed embed need feed bed red shed reed indeed exceed run set split cut left".split())
"""Nouns and words of geometry that only look like participles: `left` beside `right`, a `set`, a `run`, a `cut`."""
RELATIVE = re.compile(r"(What|Whether|Of|How|Who|Whose|Why|Where|Which|When|Whatever)\b")
WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def is_determiner(name: str) -> bool:
    """Tell whether a bound `name` is a determiner, a pronoun or a participle and nothing else."""
    word = name.strip("_").lower()
    if word in NOT_PARTICIPLES or (len(word) < 3 and word not in DETERMINERS):
        return False
    return word in DETERMINERS or (word.endswith("ed") and len(word) > 4 and "_" not in word)


def word_count(name: str) -> int:
    """Count the words of a `name`, in snake or camel case: 2 for `solve_rate` and for `SolveRate`."""
    return sum(len(WORDS.findall(part)) or 1 for part in name.strip("_").split("_") if part)


@dataclass
class Tally:
    """What one file, folder or the package has."""

    bindings: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    docstrings: int = 0
    relative: list[str] = field(default_factory=list)
    with_arguments: int = 0
    unnamed: list[str] = field(default_factory=list)
    classes: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def shared_classes(self) -> dict[str, list[str]]:
        """Group the classes that share a name without being kin: name to places."""
        groups: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        for name, place, bases in self.classes:
            if not name.startswith("_"):
                groups[name].append((place, bases))
        return {
            name: [place for place, _ in group]
            for name, group in groups.items()
            if len(group) > 1 and not any(name in bases for _, bases in group)
        }

    def figures(self) -> dict[str, float]:
        """Compute the shares that `LIMITS` is about."""
        bound = sum(self.bindings.values()) or 1
        shared = sum(map(len, self.shared_classes().values()))
        return {
            "determiners": sum(n for name, n in self.bindings.items() if is_determiner(name)) / bound,
            "two_words": sum(n for name, n in self.bindings.items() if word_count(name) > 1) / bound,
            "shared_classes": shared / (len(self.classes) or 1),
            "relative_openings": len(self.relative) / (self.docstrings or 1),
            "arguments_named": 1.0 - len(self.unnamed) / (self.with_arguments or 1),
        }


def arguments_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """List the names of a `function`'s arguments, `self` and `cls` aside."""
    spec = function.args
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *filter(None, (spec.vararg, spec.kwarg))]
    return [argument.arg for argument in every if argument.arg not in ("self", "cls")]


def tally_file(path: Path, tally: Tally) -> None:
    """Add a file's names and docstrings to `tally`."""
    where = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text())):
        for name, line in bound_names(node):
            tally.bindings[name] += 1
            tally.places[name].append(f"{where}:{line}")
        if isinstance(node, ast.ClassDef):
            bases = tuple(base.id for base in node.bases if isinstance(base, ast.Name))
            tally.classes.append((node.name, f"{where}:{node.lineno}", bases))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            tally_docstring(node, where, tally)


def bound_names(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the names that `node` itself binds, with their lines; `_` is a placeholder and does not count."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.strip("_"):
        yield node.id, node.lineno
    elif isinstance(node, ast.arg) and node.arg not in ("self", "cls") and node.arg.strip("_"):
        yield node.arg, node.lineno


def tally_docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, where: str, tally: Tally
) -> None:
    """Add the docstring of `node`, if it has one, to `tally`."""
    text = ast.get_docstring(node)
    if not text:
        return
    place = f"{where}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', '(module)')}: {text.splitlines()[0]}"
    tally.docstrings += 1
    if RELATIVE.match(text):
        tally.relative.append(place)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (arguments := arguments_of(node)):
        tally.with_arguments += 1
        if not any(re.search(rf"\b{re.escape(argument)}\b", text) for argument in arguments):
            tally.unnamed.append(place)


def package_files(under: str = "") -> list[Path]:
    """List the package's tracked Python files, tests and examples aside, below the folder or file `under`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    inside = [name for name in names if not name.startswith(("tests/", "examples/", ".ci/"))]
    return [ROOT / name for name in inside if name.startswith(under) and (ROOT / name).exists()]


def measure(under: str = "") -> Tally:
    """Tally the package, or what lies below `under`."""
    tally = Tally()
    for path in package_files(under):
        tally_file(path, tally)
    return tally


def failures(figures: dict[str, float]) -> list[str]:
    """Name the figures that lie beyond their limit."""
    beyond = {"most": lambda value, limit: value > limit, "least": lambda value, limit: value < limit}
    return [name for name, (limit, kind) in LIMITS.items() if beyond[kind](figures[name], limit)]


def print_places(tally: Tally) -> None:
    """Print the places to mend."""
    for name, count in tally.bindings.most_common():
        if is_determiner(name):
            print(f"determiner {name} x{count}: {' '.join(tally.places[name])}")
    for name, places in tally.shared_classes().items():
        print(f"shared class {name}: {' '.join(places)}")
    for title, places in (("relative opening", tally.relative), ("names no argument", tally.unnamed)):
        for place in places:
            print(f"{title}: {place}")


def main() -> int:
    """Print the figures; 1 where one lies beyond its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", metavar="FOLDER", help="print the places to mend in a folder or file; `.` is all")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    tally = measure("" if options.list in (None, ".") else options.list)
    figures = tally.figures()
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        if options.list:
            print_places(tally)
        for name, value in figures.items():
            limit, kind = LIMITS[name]
            print(f"{name:18} {value:6.1%}  (at {kind} {limit:.0%})")
    beyond = failures(figures)
    return 1 if beyond and not options.list else 0


if __name__ == "__main__":
    sys.exit(main())
