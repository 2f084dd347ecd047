"""Edit programs: reading one without running it, running it, and the scene that comes of it.

A program is Python text:

    source = "shapes 12"
    params = [{"angle": 30}, {"angle": 90}, {"angle": 150}, {"angle": 210}]

    def edit(image, angle):
        return image.rotate(-angle)

`source` names a picture of `source.py` and may be left out; `params` holds exactly four sets. Where a set is a list of
`["name", {...}]`, functions of those names follow each other. Both are literals, and are read as such, never run. The
functions run in the sandbox, each step twice, so that nothing random passes; text that is, letter for letter, of our
own programs, with parameters of theirs, runs here.
"""

import ast
import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ...geometry.edit import PAIRS, SETS, EditScene, Step
from ...render import InfrastructureError, Picture, Rejected
from ...render.drawing import Pools
from ...render.edit import Edit
from .difference import MAX_PLAIN, THRESHOLD, fitted, gaps
from .seeds import BY_TEXT, SEEDS
from .source import KINDS, MAX_NUMBER, read_spec, source_picture

MAX_CHARS = 8_000
MAX_STEPS = 3
MAX_PARAMS, MAX_NAME, MAX_TEXT, MAX_ITEMS, MAX_AMOUNT, MAX_ABOUT = 8, 30, 40, 64, 10**6, 120
_EXAMPLE = 'params = [{"angle": 30}, {"angle": 90}, {"angle": 150}, {"angle": 210}]'
_Sets = tuple[tuple[Step, ...], ...]


class _Invalid(Exception):
    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


@dataclass(frozen=True)
class Program:
    """A program that was read."""

    text: str
    source: str
    sets: _Sets
    """Steps by the names of the program's functions, or of the built-in programs."""
    built_in: bool
    about: Mapping[str, str]


# --- reading -------------------------------------------------------------------------------------------------------


def read_program(text: str) -> Program | Rejected:
    """What a text says, without running it; no text makes it raise."""
    if len(text) > MAX_CHARS:
        return Rejected("size", f"the program has {len(text)} characters", f"at most {MAX_CHARS}")
    try:
        with warnings.catch_warnings():
            # Python warns of what it reads, such as "\d", and the text is a stranger's.
            warnings.simplefilter("ignore")
            return _read(text, ast.parse(text))
    except _Invalid as invalid:
        return invalid.rejected
    except SyntaxError as error:
        return Rejected("syntax", f"line {error.lineno}: {error.msg}", "write a Python program")
    except (ValueError, RecursionError, MemoryError) as error:
        return Rejected("syntax", f"not readable Python: {type(error).__name__}", "write a plain Python program")


def _read(text: str, tree: ast.Module) -> Program:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    literals: dict[str, ast.expr] = {}
    rest = 0
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(node, ast.Assign) and isinstance(target, ast.Name) and target.id in ("source", "params"):
            if target.id in literals:
                raise _Invalid("params", f"{target.id} is set twice", "set it once")
            literals[target.id] = node.value
        elif not isinstance(node, ast.FunctionDef):
            rest += 1
    if "params" not in literals:
        raise _Invalid("params", "the program sets no params", _EXAMPLE)
    sets = _sets(_literal(literals["params"]), functions)
    source = _source(literals.get("source"), text)
    own = {name: BY_TEXT.get(ast.get_source_segment(text, node) or "") for name, node in functions.items()}
    definitions = sum(isinstance(node, ast.FunctionDef) for node in tree.body)
    known = not rest and definitions == len(functions)
    # Twice the same edit under two names would be told in the same words, so that a name must be the program's own.
    known = known and all(seed is not None and name in ("edit", seed.name) for name, seed in own.items())
    if known and all((seed := own[step.name]) is not None and seed.fits(step.params) for row in sets for step in row):
        sets = tuple(tuple(Step(own[step.name].name, step.params) for step in row) for row in sets)  # type: ignore[union-attr]
        return Program(text, source, sets, True, {})
    used = dict.fromkeys(step.name for row in sets for step in row)
    about = {name: said for name in used if (said := _about(functions[name]))}
    return Program(text, source, sets, False, about)


def with_source(text: str, source: str) -> str:
    r"""The program on another source picture; for programs that `read_program` accepts.

    >>> with_source('source = "noise 1"\nparams = []', "scene 3")
    'source = "scene 3"\nparams = []'
    >>> with_source("params = []", "scene 3")
    'source = "scene 3"\nparams = []'
    """
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id == "source" and node.end_lineno is not None:
            rest = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode()
            lines[node.lineno - 1 : node.end_lineno] = [f'source = "{source}"{rest}']
            return "".join(lines)
    return f'source = "{source}"\n{text}'


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError) as error:
        raise _Invalid("params", "source and params must be literals: nothing in them is computed", _EXAMPLE) from error


def _source(node: ast.expr | None, text: str) -> str:
    if node is None:
        number = int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8], "big")
        return f"{KINDS[number % len(KINDS)]} {number // len(KINDS) % MAX_NUMBER}"
    value = _literal(node)
    if not isinstance(value, str) or read_spec(value) is None:
        hint = f"a kind ({', '.join(KINDS)}) and a number under {MAX_NUMBER}, such as {KINDS[-1]} 12; or leave it out"
        raise _Invalid("source", f"{value!r:.40} is no source picture", hint)
    return value


def _sets(value: Any, functions: Mapping[str, ast.FunctionDef]) -> _Sets:
    if not isinstance(value, list) or len(value) != SETS:
        got = f"{len(value)} sets" if isinstance(value, list) else type(value).__name__
        raise _Invalid("params", f"params must be a list of exactly {SETS} sets, got {got}", _EXAMPLE)
    found = tuple(_steps(entry, functions) for entry in value)
    said = {json.dumps([[step.name, step.params] for step in steps], sort_keys=True) for steps in found}
    if len(said) < SETS:
        raise _Invalid("same_params", "two parameter sets are equal", f"write {SETS} different ones")
    return found


def _steps(entry: Any, functions: Mapping[str, ast.FunctionDef]) -> tuple[Step, ...]:
    if isinstance(entry, dict):
        entry = [["edit", entry]]
    if not isinstance(entry, list) or not 1 <= len(entry) <= MAX_STEPS:
        raise _Invalid("params", f"a set is a dictionary or a list of 1 to {MAX_STEPS} steps", _EXAMPLE)
    found = []
    for step in entry:
        if not isinstance(step, list) or len(step) != 2 or not isinstance(step[0], str):
            raise _Invalid("params", f"a step is a name and a dictionary, got {step!r:.40}", '["blur", {"radius": 2}]')
        name, params = step
        if name not in functions:
            code = "no_edit" if name == "edit" else "params"
            raise _Invalid(code, f"the program defines no function {name!r:.40}", f"def {name[:20]}(image, ...): ...")
        if not isinstance(params, dict) or len(params) > MAX_PARAMS:
            raise _Invalid("params", f"parameters are a dictionary of at most {MAX_PARAMS} names", _EXAMPLE)
        found.append(Step(name, {_name(key): _value(value) for key, value in params.items()}))
    return tuple(found)


def _name(key: Any) -> str:
    if not isinstance(key, str) or not key.isascii() or not key.isidentifier() or not 0 < len(key) <= MAX_NAME:
        raise _Invalid("params", f"{key!r:.40} is no parameter's name", f"a Python name of at most {MAX_NAME} letters")
    return key


def _value(value: Any, inside: bool = False) -> Any:
    if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) <= MAX_AMOUNT):
        return value
    if isinstance(value, str) and len(value) <= MAX_TEXT and value.isascii() and value.isprintable():
        return value
    if isinstance(value, list | tuple) and len(value) <= MAX_ITEMS and not inside:
        return [_value(each, True) for each in value]
    hint = f"numbers up to {MAX_AMOUNT}, short texts, or lists of at most {MAX_ITEMS} of them"
    raise _Invalid("params", f"{value!r:.40} is no parameter", hint)


def _about(node: ast.FunctionDef) -> str:
    """The first line of a function's docstring where it is plain text."""
    line = ((ast.get_docstring(node) or "").splitlines() or [""])[0].strip()
    plain = all(char.isascii() and (char.isalnum() or char in " .,;:()-'/%") for char in line)
    return line if plain and len(line) <= MAX_ABOUT else ""


# --- running -------------------------------------------------------------------------------------------------------


_Pixels = list[np.ndarray] | Rejected | InfrastructureError


def run_programs(programs: Sequence[Program], pools: Pools) -> list[_Pixels]:
    """The source and the four results of each program, in order; pixels [H, W, 3] uint8.

    Programs that are not built in run in the sandbox, all of them side by side.
    """
    found: list[_Pixels] = [
        run_built_in(each.source, each.sets) if each.built_in else [source_picture(each.source)] * (SETS + 1)
        for each in programs
    ]
    foreign = {number: each for number, each in enumerate(programs) if not each.built_in}
    # A first run of a first step shows what fails every time, before it costs eight runs.
    firsts = pools.edit([_job(each, each.sets[0][0], source_picture(each.source)) for each in foreign.values()])
    for number, outcome in zip(foreign, firsts, strict=True):
        if isinstance(outcome, InfrastructureError | Rejected):
            found[number] = _in_set(outcome, 0)
    for level in range(MAX_STEPS):
        jobs = [
            (number, place, _job(each, steps[level], pixels[place + 1]))
            for number, each in foreign.items()
            if isinstance(pixels := found[number], list)
            for place, steps in enumerate(each.sets)
            if len(steps) > level
        ]
        done = pools.edit([edit for *_, edit in jobs for _ in range(2)])
        for (number, place, _), first, again in zip(jobs, done[::2], done[1::2], strict=True):
            found[number] = _stepped(found[number], place, first, again)
    return found


def _job(program: Program, step: Step, pixels: np.ndarray) -> Edit:
    return Edit(f"{program.text}\n\nedit = {step.name}\n", pixels, step.params)


_Outcome = Picture | Rejected | InfrastructureError


def _stepped(found: _Pixels, place: int, first: _Outcome, again: _Outcome) -> _Pixels:
    """The pictures with one of the results a step further, as two runs of the step gave it."""
    if not isinstance(found, list):
        return found
    for each in (first, again):
        if isinstance(each, InfrastructureError | Rejected):
            return _in_set(each, place)
    assert isinstance(first, Picture) and isinstance(again, Picture)
    if not np.array_equal(first.array, again.array):
        hint = "leave out random numbers and the time"
        return Rejected("random", f"set {place + 1} gives another picture each time", hint)
    return [*found[: place + 1], first.array, *found[place + 2 :]]


def _in_set(failure: Rejected | InfrastructureError, place: int) -> Rejected | InfrastructureError:
    if isinstance(failure, InfrastructureError):
        return failure
    return Rejected(failure.code, f"set {place + 1}: {failure.reason}", failure.hint)


def run_built_in(source: str, sets: _Sets) -> list[np.ndarray]:
    """The source and the results of built-in edits."""
    pixels = source_picture(source)
    return [pixels, *(np.asarray(applied(Image.fromarray(pixels), steps)) for steps in sets)]


def applied(image: Image.Image, steps: Sequence[Step]) -> Image.Image:
    """The picture after built-in edits."""
    for step in steps:
        image = SEEDS[step.name].function(image, **step.params)
    return image


# --- the scene -----------------------------------------------------------------------------------------------------


def scene_of(program: Program, pixels: Sequence[np.ndarray]) -> EditScene | Rejected:
    """The scene of a program's pictures, or which of the rules of a valid program they break."""
    found = gaps(pixels[0], list(pixels[1:]))
    for number, (change, plain) in enumerate(zip(found.source, found.plain, strict=True), start=1):
        if plain >= MAX_PLAIN:
            hint = "keep most of the picture to be seen"
            return Rejected("plain", f"set {number} leaves {plain:.0f} % of the picture in one colour", hint)
        if change < THRESHOLD:
            hint = f"change at least {THRESHOLD:g} % of the picture"
            return Rejected("unchanged", f"set {number} changes {change:.1f} % of the picture", hint)
    gap, (i, j) = min(zip(found.pairs, PAIRS, strict=True))
    if gap < THRESHOLD:
        hint = "choose parameters that are further apart"
        return Rejected("same", f"sets {i + 1} and {j + 1} differ in {gap:.1f} % of the picture", hint)
    digests = tuple(hashlib.sha256(fitted(each).tobytes()).hexdigest() for each in pixels)
    return EditScene(program.source, program.built_in, program.about, program.sets, digests, *found)


def written(source: str, sets: _Sets) -> str:
    """The text of a program of built-in edits."""
    names = dict.fromkeys(step.name for steps in sets for step in steps)
    single = len(names) == 1 and all(len(steps) == 1 for steps in sets)
    rows = [dict(steps[0].params) if single else [[step.name, dict(step.params)] for step in steps] for steps in sets]
    functions = [SEEDS[name].text("edit" if single else name) for name in names]
    lines = ",\n".join(f"    {row!r}" for row in rows)
    return f'source = "{source}"\nparams = [\n{lines},\n]\n' + "".join(f"\n\n{each}\n" for each in functions)
