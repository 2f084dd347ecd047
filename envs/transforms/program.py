"""Edit programs: reading one without running it, running it, and the scene that comes of it.

A program is Python text:

    source = "shapes 12"
    params = [{"angle": 30}, {"angle": 90}, {"angle": 150}, {"angle": 210}]

    def edit(image, angle):
        return image.rotate(-angle)

`source` names a picture of `source.py` and may be left out; `params` holds exactly four sets. Where a set is a list of
`["name", {...}]`, functions of those names follow each other. Both are literals, and are read as such, never run. The
functions run in the sandbox, each step twice, so that nothing random passes; text that is, letter for letter, of the
built-in programs, with parameters of theirs, runs in this process.

May import `geometry`, `render` and this folder. Begin with `read_program`, `run_programs` and `scene_of`.
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
    """Read the program `text` without running it; no text makes it raise."""
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
    other_statements = 0
    for node in tree.body:
        assignment_target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if (
            isinstance(node, ast.Assign)
            and isinstance(assignment_target, ast.Name)
            and assignment_target.id in ("source", "params")
        ):
            if assignment_target.id in literals:
                raise _Invalid("params", f"{assignment_target.id} is set twice", "set it once")
            literals[assignment_target.id] = node.value
        elif not isinstance(node, ast.FunctionDef):
            other_statements += 1
    if "params" not in literals:
        raise _Invalid("params", "the program sets no params", _EXAMPLE)
    sets = _sets(_literal(literals["params"]), functions)
    source = _source(literals.get("source"), text)
    seed_by_name = {name: BY_TEXT.get(ast.get_source_segment(text, node) or "") for name, node in functions.items()}
    function_count = sum(isinstance(node, ast.FunctionDef) for node in tree.body)
    built_in = not other_statements and function_count == len(functions)
    # Twice the same edit under two names would be told in the same words, so that a name must be the program's own.
    built_in = built_in and all(seed is not None and name in ("edit", seed.name) for name, seed in seed_by_name.items())
    if built_in and all(
        (seed := seed_by_name[step.name]) is not None and seed.fits(step.params) for steps in sets for step in steps
    ):
        sets = tuple(tuple(Step(seed_by_name[step.name].name, step.params) for step in steps) for steps in sets)  # type: ignore[union-attr]
        return Program(text, source, sets, True, {})
    used_names = dict.fromkeys(step.name for steps in sets for step in steps)
    about = {name: about_text for name in used_names if (about_text := _about(functions[name]))}
    return Program(text, source, sets, False, about)


def with_source(text: str, source_name: str) -> str:
    r"""Return the program `text` on another source picture; for programs that `read_program` accepts.

    >>> with_source('source = "noise 1"\nparams = []', "scene 3")
    'source = "scene 3"\nparams = []'
    >>> with_source("params = []", "scene 3")
    'source = "scene 3"\nparams = []'
    """
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        assignment_target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(assignment_target, ast.Name) and assignment_target.id == "source" and node.end_lineno is not None:
            line_rest = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode()
            lines[node.lineno - 1 : node.end_lineno] = [f'source = "{source_name}"{line_rest}']
            return "".join(lines)
    return f'source = "{source_name}"\n{text}'


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError) as error:
        raise _Invalid("params", "source and params must be literals: nothing in them is computed", _EXAMPLE) from error


def _source(node: ast.expr | None, text: str) -> str:
    if node is None:
        text_hash = int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8], "big")
        return f"{KINDS[text_hash % len(KINDS)]} {text_hash // len(KINDS) % MAX_NUMBER}"
    source_name = _literal(node)
    if not isinstance(source_name, str) or read_spec(source_name) is None:
        hint = f"a kind ({', '.join(KINDS)}) and a number under {MAX_NUMBER}, such as {KINDS[-1]} 12; or leave it out"
        raise _Invalid("source", f"{source_name!r:.40} is no source picture", hint)
    return source_name


def _sets(params_value: Any, functions: Mapping[str, ast.FunctionDef]) -> _Sets:
    if not isinstance(params_value, list) or len(params_value) != SETS:
        got_text = f"{len(params_value)} sets" if isinstance(params_value, list) else type(params_value).__name__
        raise _Invalid("params", f"params must be a list of exactly {SETS} sets, got {got_text}", _EXAMPLE)
    parameter_sets = tuple(_steps(entry, functions) for entry in params_value)
    set_texts = {json.dumps([[step.name, step.params] for step in steps], sort_keys=True) for steps in parameter_sets}
    if len(set_texts) < SETS:
        raise _Invalid("same_params", "two parameter sets are equal", f"write {SETS} different ones")
    return parameter_sets


def _steps(set_value: Any, functions: Mapping[str, ast.FunctionDef]) -> tuple[Step, ...]:
    if isinstance(set_value, dict):
        set_value = [["edit", set_value]]
    if not isinstance(set_value, list) or not 1 <= len(set_value) <= MAX_STEPS:
        raise _Invalid("params", f"a set is a dictionary or a list of 1 to {MAX_STEPS} steps", _EXAMPLE)
    steps = []
    for step_value in set_value:
        if not isinstance(step_value, list) or len(step_value) != 2 or not isinstance(step_value[0], str):
            raise _Invalid(
                "params", f"a step is a name and a dictionary, got {step_value!r:.40}", '["blur", {"radius": 2}]'
            )
        name, params = step_value
        if name not in functions:
            code = "no_edit" if name == "edit" else "params"
            raise _Invalid(code, f"the program defines no function {name!r:.40}", f"def {name[:20]}(image, ...): ...")
        if not isinstance(params, dict) or len(params) > MAX_PARAMS:
            raise _Invalid("params", f"parameters are a dictionary of at most {MAX_PARAMS} names", _EXAMPLE)
        steps.append(Step(name, {_name(key): _value(value) for key, value in params.items()}))
    return tuple(steps)


def _name(key: Any) -> str:
    if not isinstance(key, str) or not key.isascii() or not key.isidentifier() or not 0 < len(key) <= MAX_NAME:
        raise _Invalid("params", f"{key!r:.40} is no parameter's name", f"a Python name of at most {MAX_NAME} letters")
    return key


def _value(value: Any, inside_list: bool = False) -> Any:
    if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) <= MAX_AMOUNT):
        return value
    if isinstance(value, str) and len(value) <= MAX_TEXT and value.isascii() and value.isprintable():
        return value
    if isinstance(value, list | tuple) and len(value) <= MAX_ITEMS and not inside_list:
        return [_value(member, True) for member in value]
    hint = f"numbers up to {MAX_AMOUNT}, short texts, or lists of at most {MAX_ITEMS} of them"
    raise _Invalid("params", f"{value!r:.40} is no parameter", hint)


def _about(node: ast.FunctionDef) -> str:
    """Return the first line of the docstring of the function `node` where it is plain text."""
    first_line = ((ast.get_docstring(node) or "").splitlines() or [""])[0].strip()
    is_plain = all(char.isascii() and (char.isalnum() or char in " .,;:()-'/%") for char in first_line)
    return first_line if is_plain and len(first_line) <= MAX_ABOUT else ""


# --- running -------------------------------------------------------------------------------------------------------


_Pixels = list[np.ndarray] | Rejected | InfrastructureError


def run_programs(programs: Sequence[Program], pools: Pools) -> list[_Pixels]:
    """Return the source and the four results of each of `programs`, in order; pixels [H, W, 3] uint8.

    Programs that are not built in run in the sandbox of `pools`, all of them side by side.
    """
    outcomes: list[_Pixels] = [
        run_built_in(program.source, program.sets)
        if program.built_in
        else [source_picture(program.source)] * (SETS + 1)
        for program in programs
    ]
    sandboxed_programs = {number: program for number, program in enumerate(programs) if not program.built_in}
    # A first run of a first step shows what fails every time, before it costs eight runs.
    trial_outcomes = pools.edit(
        [_job(program, program.sets[0][0], source_picture(program.source)) for program in sandboxed_programs.values()]
    )
    for number, outcome in zip(sandboxed_programs, trial_outcomes, strict=True):
        if isinstance(outcome, InfrastructureError | Rejected):
            outcomes[number] = _in_set(outcome, 0)
    for step_index in range(MAX_STEPS):
        edit_jobs = [
            (number, set_index, _job(program, steps[step_index], pixels[set_index + 1]))
            for number, program in sandboxed_programs.items()
            if isinstance(pixels := outcomes[number], list)
            for set_index, steps in enumerate(program.sets)
            if len(steps) > step_index
        ]
        step_outcomes = pools.edit([edit for *_, edit in edit_jobs for _ in range(2)])
        for (number, set_index, _), first_outcome, second_outcome in zip(
            edit_jobs, step_outcomes[::2], step_outcomes[1::2], strict=True
        ):
            outcomes[number] = _stepped(outcomes[number], set_index, first_outcome, second_outcome)
    return outcomes


def _job(program: Program, step: Step, pixels: np.ndarray) -> Edit:
    return Edit(f"{program.text}\n\nedit = {step.name}\n", pixels, step.params)


_Outcome = Picture | Rejected | InfrastructureError


def _stepped(set_pixels: _Pixels, set_index: int, first_outcome: _Outcome, second_outcome: _Outcome) -> _Pixels:
    """Return `set_pixels` with the result of one set a step further, as two runs of the step gave it."""
    if not isinstance(set_pixels, list):
        return set_pixels
    for outcome in (first_outcome, second_outcome):
        if isinstance(outcome, InfrastructureError | Rejected):
            return _in_set(outcome, set_index)
    assert isinstance(first_outcome, Picture) and isinstance(second_outcome, Picture)
    if not np.array_equal(first_outcome.array, second_outcome.array):
        hint = "leave out random numbers and the time"
        return Rejected("random", f"set {set_index + 1} gives another picture each time", hint)
    return [*set_pixels[: set_index + 1], first_outcome.array, *set_pixels[set_index + 2 :]]


def _in_set(failure: Rejected | InfrastructureError, set_index: int) -> Rejected | InfrastructureError:
    if isinstance(failure, InfrastructureError):
        return failure
    return Rejected(failure.code, f"set {set_index + 1}: {failure.reason}", failure.hint)


def run_built_in(source_name: str, sets: _Sets) -> list[np.ndarray]:
    """Return the source picture `source_name` and the results of built-in edits by `sets`."""
    pixels = source_picture(source_name)
    return [pixels, *(np.asarray(applied(Image.fromarray(pixels), steps)) for steps in sets)]


def applied(image: Image.Image, steps: Sequence[Step]) -> Image.Image:
    """Apply the built-in edits `steps` to `image`."""
    for step in steps:
        image = SEEDS[step.name].function(image, **step.params)
    return image


# --- the scene -----------------------------------------------------------------------------------------------------


def scene_of(program: Program, pixels: Sequence[np.ndarray]) -> EditScene | Rejected:
    """Return the scene of a program's `pixels`, or a rejection that names the rule they break."""
    measured_gaps = gaps(pixels[0], list(pixels[1:]))
    for set_number, (source_gap, plain_share) in enumerate(
        zip(measured_gaps.source, measured_gaps.plain, strict=True), start=1
    ):
        if plain_share >= MAX_PLAIN:
            hint = "keep most of the picture to be seen"
            return Rejected("plain", f"set {set_number} leaves {plain_share:.0f} % of the picture in one colour", hint)
        if source_gap < THRESHOLD:
            hint = f"change at least {THRESHOLD:g} % of the picture"
            return Rejected("unchanged", f"set {set_number} changes {source_gap:.1f} % of the picture", hint)
    least_gap, (first_set, second_set) = min(zip(measured_gaps.pairs, PAIRS, strict=True))
    if least_gap < THRESHOLD:
        hint = "choose parameters that are further apart"
        return Rejected(
            "same", f"sets {first_set + 1} and {second_set + 1} differ in {least_gap:.1f} % of the picture", hint
        )
    digests = tuple(hashlib.sha256(fitted(picture).tobytes()).hexdigest() for picture in pixels)
    return EditScene(program.source, program.built_in, program.about, program.sets, digests, *measured_gaps)


def written(source_name: str, sets: _Sets) -> str:
    """Write the text of a program of built-in edits with four parameter `sets`."""
    edit_names = dict.fromkeys(step.name for steps in sets for step in steps)
    is_single = len(edit_names) == 1 and all(len(steps) == 1 for steps in sets)
    params_rows = [
        dict(steps[0].params) if is_single else [[step.name, dict(step.params)] for step in steps] for steps in sets
    ]
    function_texts = [SEEDS[name].text("edit" if is_single else name) for name in edit_names]
    params_lines = ",\n".join(f"    {params_row!r}" for params_row in params_rows)
    return f'source = "{source_name}"\nparams = [\n{params_lines},\n]\n' + "".join(
        f"\n\n{function_text}\n" for function_text in function_texts
    )
