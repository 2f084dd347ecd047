"""Anybody's data set as a benchmark: a table and pictures in a folder or on the hub, described by a `DataCard`.

Columns are found by their usual names or named; a row's options may be one column or several; the right answer may be a
letter, an option's text or its number. `adapter_of` makes the adapter, which runs, resumes and reports as any other.
"""

import ast
import json
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import did_you_mean
from ..samples import Fields, Sample, means
from ..scoring.letters import ranked_choice
from ..scoring.numbers import first_number, mean_relative_accuracy, relaxed
from ..scoring.words import mathvision, mm_zero, plain, yes_no
from .base import DIRECT, Adapter, BenchmarkDataError, RowError, RowReader, letter, lettered

MAX_OPTIONS = 26
PARTS: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "prompt", "text", "query", "problem", "instruction"),
    "answer": ("answer", "label", "gt_answer", "ground_truth", "target", "gt"),
    "image": ("image", "images", "image_path", "img", "picture", "file_name", "filename"),
    "options": ("options", "choices", "candidates", "answer_options"),
    "id": ("id", "index", "question_id", "qid", "idx"),
    "category": ("category", "task", "type", "question_type"),
    "group": (),
}
"""Parts of a question, and the usual names of their columns."""
NEEDED_PARTS = ("question", "answer")
SHORT = "Answer the question using a single word or phrase."
TEMPLATE_FIELDS = ("question", "options", "letters", "instruction")
FILES = ("*.parquet", "*.jsonl", "*.json", "*.csv", "*.tsv")


@dataclass(frozen=True, kw_only=True)
class DataCard:
    """Where a data set is, what its columns mean, how it is asked and scored."""

    source: str
    """A folder, a table's file, or an id on the hub."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns by the part of the question that they are, where their names are not the usual ones."""
    template: str = "{question}\n{options}\n{instruction}"
    """The prompt, with the fields of `TEMPLATE_FIELDS` and any column; lines of empty fields alone are left out."""
    scorer: str = "auto"
    """One of `SCORERS`, or `auto`: by the kind of the right answer."""
    split: str = "test"
    """On the hub; in a folder, tables with it in their names where there are such."""
    config: str | None = None
    """Configuration on the hub."""
    system: str = ""
    """The system turn."""

    @property
    def name(self) -> str:
        """`data/NAME`, by the folder, the file or the id."""
        path = Path(self.source)
        return f"data/{path.resolve().stem if path.exists() else self.source.replace('/', '-')}"


Score = Callable[[Sample, str], float]
_WORDS = re.compile(r"[^\W_]+")


def _by_letter(sample: Sample, reply: str) -> float:
    letters = "".join(letter(number) for number in range(len(sample.options))) or "ABCDEF"
    return float(ranked_choice(reply, letters) == str(sample.answer).upper())


def _of_numbers(compare: Callable[[float, float], float]) -> Score:
    """Return the score that `compare` gives the first number of a reply and the right one; 0 without either."""

    def score(sample: Sample, reply: str) -> float:
        reply_value, right_value = first_number(reply.replace(",", "")), _number(sample.answer)
        return 0.0 if reply_value is None or right_value is None else compare(reply_value, right_value)

    return score


def _is_equal(reply_value: float, right_value: float) -> float:
    return float(abs(reply_value - right_value) <= 1e-6 * max(1.0, abs(right_value)))


def _by_words(sample: Sample, reply: str) -> float:
    reply_words, right_words = (_WORDS.findall(text.lower()) for text in (reply, str(sample.answer)))
    places = range(len(reply_words) - len(right_words) + 1)
    return float(bool(right_words) and any(reply_words[p : p + len(right_words)] == right_words for p in places))


def _automatic(sample: Sample, reply: str) -> float:
    return SCORERS[kind_of(sample)](sample, reply)


SCORERS: Mapping[str, Score] = {
    "auto": _automatic,
    "letter": _by_letter,
    "yes-no": lambda sample, reply: float(yes_no(reply) == str(sample.answer).strip().lower()),
    "number": _of_numbers(_is_equal),
    "relaxed": lambda sample, reply: relaxed(reply.strip(), str(sample.answer).strip()),
    "mra": _of_numbers(mean_relative_accuracy),
    "exact": lambda sample, reply: plain(reply, str(sample.answer)),
    "contains": _by_words,
    "math": lambda sample, reply: mathvision(reply, str(sample.answer), sample.options),
    "boxed": lambda sample, reply: mm_zero(reply, str(sample.answer)),
}
"""By name: the letter as lmms-eval reads it; yes or no as a word; the first number; ChartQA's 5 %; VSI-Bench's relative
accuracy; the same text; the answer's words in a row within the reply; MathVision's; the last box."""


def kind_of(sample: Sample) -> str:
    """Return the scorer that `auto` takes for `sample`, by its right answer."""
    answer = str(sample.answer).strip()
    if sample.options:
        return "letter"
    if answer.lower() in ("yes", "no"):
        return "yes-no"
    return "number" if _number(answer) is not None else "exact"


def adapter_of(card: DataCard) -> Adapter:
    """Return the benchmark that `card` describes.

    Raises:
        BenchmarkDataError: the source, a part, the template or the scorer does not exist; the message says which do.
    """
    path = Path(card.source)
    if not path.exists() and not re.fullmatch(r"[\w.-]+/[\w.-]+", card.source):
        raise BenchmarkDataError(
            f"--dataset {card.source} is neither a folder nor a file here, nor an id of the hub such as owner/name"
        )
    for part in card.columns:
        if part not in PARTS:
            raise _unknown("part of a question", part, PARTS)
    if card.scorer not in SCORERS:
        raise _unknown("scorer", card.scorer, SCORERS)
    fields = _template_fields(card.template)
    return Adapter(
        name=card.name,
        title=f"{Path(card.source).name} (your data)",
        dataset=card.source,
        folder=(path if path.is_dir() else path.parent) if path.exists() else None,
        is_on_hub=not path.exists(),
        split=card.split,
        configs=(card.config,),
        files=(path.name,) if path.is_file() else FILES,
        read=lambda reader, row: read(card, reader, row),
        ask=lambda sample: _asked(card.template, fields, sample),
        mark=lambda sample, reply: _best(SCORERS[card.scorer], sample, reply),
        gather=means("category"),
        metric=f"score by `{card.scorer}`",
        chance={f"{count} options": 1 / count for count in range(1, MAX_OPTIONS + 1)},
        compared="",
        citation="your data",
        columns=(),
        system=card.system,
        max_new_tokens=1024,
        protocols=("yours",),
        shares_pictures=True,
    )


def _unknown(kind: str, name: str, known_names: Mapping[str, Any]) -> BenchmarkDataError:
    hint = did_you_mean(name, known_names, cutoff=0.4)
    return BenchmarkDataError(f"unknown {kind} {name!r}; {hint and f'{hint} '}(allowed: {', '.join(known_names)})")


def _template_fields(template: str) -> list[str]:
    """Return the names of the fields in `template`.

    Raises:
        BenchmarkDataError: it is not a template of plain names.
    """
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise BenchmarkDataError(f"--template: {error}; write {{{{ and }}}} for braces") from error
    for name in names:
        if not name.isidentifier():
            raise BenchmarkDataError(
                f"--template: {{{name}}} is not a field's name; use {', '.join(TEMPLATE_FIELDS)} or a column's name"
            )
    if "question" not in names:
        raise BenchmarkDataError("--template has no {question}")
    return names


# --- a row as a question ----------------------------------------------------------------------------------------------


def read(card: DataCard, reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question, its columns named by `card` or by their usual names.

    Raises:
        BenchmarkDataError: there is no column for the question or for the answer.
        RowError: this row cannot be asked.
    """
    columns = {part: _columns(card, part, row) for part in PARTS}
    for part in NEEDED_PARTS:
        if not columns[part]:
            raise BenchmarkDataError(
                f"{reader.where} has no column that looks like the {part} (it has {', '.join(row)}); name it with "
                f"--column {part}=COLUMN"
            )
    question = str(row[columns["question"][0]])
    options = _options(row, columns["options"])
    images = tuple(
        image
        for name in columns["image"]
        if row.get(name) not in (None, "", [])
        for image in _images(reader, row[name])
    )
    identity = [str(row[name]) for name in columns["id"]] or [question, *(image.digest[:12] for image in images)]
    option_count = f"{len(options)} options" if options else "open"
    category = {"category": "/".join(str(row[name]) for name in columns["category"]), "options": option_count}
    return Sample(
        id="/".join(identity),
        question=question,
        options=options,
        answer=_answer(row[columns["answer"][0]], options),
        images=images,
        category=category if columns["category"] else {"options": option_count},
        fields={"row": row},
        cluster="/".join(str(row[name]) for name in columns["group"]),
    )


def _columns(card: DataCard, part: str, row: Fields) -> list[str]:
    """Return the columns of `row` that are a `part` of the question.

    Raises:
        BenchmarkDataError: one that was named is not there.
    """
    for name in card.columns.get(part, ()):
        if name not in row:
            hint = did_you_mean(name, row, cutoff=0.4)
            raise BenchmarkDataError(
                f"--column {part}={name}: there is no such column; {hint and f'{hint} '}(there are {', '.join(row)})"
            )
    if part in card.columns:
        return list(card.columns[part])
    usual = next((name for name in PARTS[part] if name in row), None)
    if usual is None and part == "options" and "A" in row and "B" in row:
        # VLMEvalKit's tables have a column for each option.
        return [name for name in string.ascii_uppercase if name in row]
    return [] if usual is None else [usual]


def _options(row: Fields, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the options of `row`: of several columns those that are not empty, of one column its list."""
    if len(columns) > 1:
        return tuple(str(row[name]) for name in columns if str(row[name] or "").strip().lower() not in ("", "nan"))
    cell = row[columns[0]] if columns else None
    if isinstance(cell, str):
        cell = _listed(cell)
    if isinstance(cell, Mapping):
        cell = list(cell.values())
    return tuple(map(str, cell)) if isinstance(cell, list | tuple) else ()


def _listed(text: str) -> Any:
    """Return the list that `text` writes in JSON or Python, else its lines where there are several."""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError):
            continue
    lines = [re.sub(r"^\(?[A-Z][).:]\s*", "", line) for line in text.splitlines() if line.strip()]
    return lines if len(lines) > 1 else None


def _images(reader: RowReader, cell: Any) -> tuple[Any, ...]:
    names = _listed(cell) if isinstance(cell, str) and cell.startswith("[") else None
    return reader.images(names if isinstance(names, list) else cell)


def _answer(cell: Any, options: Sequence[str]) -> Any:
    """Return the right answer: a letter where there are `options`, else the cell's text, or texts that are right.

    Raises:
        RowError: it is none of the options.
    """
    if not options:
        return [str(right_text) for right_text in cell] if isinstance(cell, list | tuple) else str(cell)
    text = str(cell).strip()
    bare_letter = text.strip("().: ").upper()
    letters = [letter(number) for number in range(len(options))]
    if bare_letter in letters:
        return bare_letter
    if text in options:
        return letters[list(options).index(text)]
    if isinstance(cell, int) and 0 <= cell < len(options):
        return letters[cell]
    raise RowError(f"the answer {text!r:.40} is neither a letter, nor one of the options, nor its number from 0")


def _number(text: Any) -> float | None:
    try:
        return float(str(text).strip().replace(",", ""))
    except ValueError:
        return None


def _asked(template: str, names: Sequence[str], sample: Sample) -> str:
    """Return the prompt of `sample` by the `template`, whose fields are `names`."""
    row = sample.fields["row"]
    values = {name: str(row[name]) for name in names if name in row} | {
        "question": sample.question,
        "options": lettered(sample.options),
        "letters": ", ".join(letter(number) for number in range(len(sample.options))),
        "instruction": DIRECT if sample.options else SHORT,
    }
    missing_fields = [name for name in names if name not in values]
    if missing_fields:
        raise BenchmarkDataError(
            f"--template names {', '.join(missing_fields)}, which is neither a column (there are {', '.join(row)}) nor "
            f"one of {', '.join(TEMPLATE_FIELDS)}"
        )
    lines = []
    for line in template.split("\n"):
        filled_line = line.format_map(values)
        if filled_line or not line.strip():
            lines.append(filled_line)
    return "\n".join(lines)


def _best(score: Score, sample: Sample, reply: str) -> float:
    """Return the score of `reply`, the best one where several answers are right."""
    if not isinstance(sample.answer, list):
        return score(sample, reply)
    return max((score(replace(sample, answer=answer), reply) for answer in sample.answer), default=0.0)
