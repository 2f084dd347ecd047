"""Anybody's data set: columns found or named, options and answers in every usual form, prompts and scores by option."""

import csv
import json
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from published import files, hf, table
from test_adapters import Hub
from toy_benchmark import Talker, answerer

from zerosight.benchmarks.adapters.anyone import SCORERS, DataCard, adapter_of, kind_of
from zerosight.benchmarks.adapters.base import BenchmarkDataError
from zerosight.benchmarks.adapters.sources import questions
from zerosight.benchmarks.evaluation.cache import Cache
from zerosight.benchmarks.evaluation.runner import ask
from zerosight.benchmarks.samples import BadRow, Sample

LETTER = "Answer with the option's letter from the given choices directly."


def written(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> Path:
    """A table of this name, its pictures beside it."""
    folder.mkdir(exist_ok=True)
    files(folder, "pics/a.png", "pics/b.png")
    path = folder / name
    if path.suffix == ".parquet":
        table(folder, rows, name)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def read(card: DataCard) -> tuple[list[Sample], list[str]]:
    benchmark = adapter_of(card)
    rows = list(questions(benchmark, None))
    samples = [row for row in rows if isinstance(row, Sample)]
    assert not [row for row in rows if isinstance(row, BadRow)], rows
    return samples, [benchmark.prompt(sample) for sample in samples]


CHOICE = [
    {"id": 1, "question": "Which?", "image": "pics/a.png", "options": ["red", "blue"], "answer": "B"},
    {"id": 2, "question": "What?", "image": "pics/b.png", "options": ["one", "two"], "answer": "A"},
]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.parquet"])
def test_a_table_of_any_kind_in_a_folder_of_pictures(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine", name, CHOICE)
    for source in (path.parent, path):
        samples, prompts = read(DataCard(source=str(source)))
        assert prompts[0] == f"Which?\nA. red\nB. blue\n{LETTER}"
        assert [sample.answer for sample in samples] == ["B", "A"]
        assert [sample.images[0].open().size for sample in samples] == [(16, 16)] * 2
    benchmark = adapter_of(DataCard(source=str(path.parent)))
    answers = ask(benchmark, answerer(Talker(lambda text: "(B) blue")), Cache(tmp_path / "cache"))
    assert [row.score for row in answers.rows] == [1.0, 0.0] and benchmark.name == "data/mine"
    assert benchmark.chance == {f"{n} options": 1 / n for n in range(1, 27)}


@pytest.mark.parametrize(
    ("row", "options", "answer"),
    [
        ({"choices": "['red', 'blue']", "label": "blue"}, ("red", "blue"), "B"),
        ({"choices": '["red", "blue"]', "label": "(b)"}, ("red", "blue"), "B"),
        ({"choices": "A. red\nB. blue", "label": "B."}, ("red", "blue"), "B"),
        ({"A": "red", "B": "blue", "C": "", "label": "A"}, ("red", "blue"), "A"),
        ({"choices": ["red", "blue"], "label": 1}, ("red", "blue"), "B"),
        ({"choices": {"x": "red", "y": "blue"}, "label": "red"}, ("red", "blue"), "A"),
        ({"label": "three"}, (), "three"),
        ({"label": ["3", "three"]}, (), ["3", "three"]),
    ],
)
def test_options_and_answers_in_every_usual_form(
    row: dict[str, Any], options: tuple[str, ...], answer: Any, tmp_path: Path
) -> None:
    written(tmp_path, "t.jsonl", [{"query": "Q", "img": ["pics/a.png", "pics/b.png"], **row}])
    (sample,), _ = read(DataCard(source=str(tmp_path)))
    assert (sample.options, sample.answer, len(sample.images)) == (options, answer, 2)


def test_columns_a_template_and_a_scorer_by_name(tmp_path: Path) -> None:
    rows = [
        {"ask": "How many?", "front": "pics/a.png", "side": "pics/b.png", "n": "12", "kind": "count", "hint": "Look."}
    ]
    written(tmp_path, "t.jsonl", rows)
    columns = {"question": ("ask",), "image": ("front", "side"), "answer": ("n",), "category": ("kind",)}
    template = "{hint} {question} {{12}}\n{options}\n{instruction}"
    card = DataCard(source=str(tmp_path), columns=columns, template=template, scorer="relaxed")
    (sample,), (prompt,) = read(card)
    assert prompt == "Look. How many? {12}\nAnswer the question using a single word or phrase."
    assert len(sample.images) == 2 and sample.category == {"category": "count", "options": "open"}
    assert adapter_of(card).score(sample, "12.5") == 1.0 and adapter_of(card).score(sample, "13") == 0.0


NEAR: dict[str, tuple[str, Callable[[str], str], str]] = {
    "letter": ("B", lambda right: f"The answer is ({right}).", "The answer is (A)."),
    "yes-no": ("yes", lambda right: f"{right.title()}, it is.", "No."),
    "number": ("1200", lambda right: "There are 1,200 of them", "There are 1,201"),
    "relaxed": ("100", lambda right: "104", "106"),
    "mra": ("10", lambda right: "10 m", "100 m"),
    "exact": ("red fox", lambda right: " Red fox. ", "a red fox"),
    "contains": ("red fox", lambda right: "It is a RED fox!", "It is a fox, red"),
    "math": ("0.5", lambda right: "\\boxed{\\frac{1}{2}}", "\\boxed{2}"),
    "boxed": ("four", lambda right: "so \\boxed{Four}", "four"),
}


@pytest.mark.parametrize("scorer", NEAR)
def test_a_scorer_tells_right_from_nearly_right(scorer: str) -> None:
    answer, say, wrong = NEAR[scorer]
    options = ("x", "y") if scorer == "letter" else ()
    sample = Sample(id="1", question="Q", answer=answer, options=options)
    assert SCORERS[scorer](sample, say(answer)) == 1.0 and SCORERS[scorer](sample, wrong) == 0.0
    assert set(NEAR) == set(SCORERS) - {"auto"}
    if scorer in ("letter", "yes-no", "number", "exact"):
        assert kind_of(sample) == scorer and SCORERS["auto"](sample, say(answer)) == 1.0


def test_one_of_several_right_answers_is_enough(tmp_path: Path) -> None:
    written(tmp_path, "t.jsonl", [{"question": "Q", "answer": ["3", "three"]}])
    (sample,), _ = read(DataCard(source=str(tmp_path)))
    benchmark = adapter_of(DataCard(source=str(tmp_path)))
    assert [benchmark.score(sample, reply) for reply in ("3", "Three.", "4")] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"source": "nowhere at all"}, "neither a folder nor a file here, nor an id of the hub"),
        ({"columns": {"question": ("aks",)}}, r"--column question=aks: .*did you mean 'ask'\? .*there are ask, n"),
        ({"columns": {"picture": ("n",)}}, "unknown part of a question 'picture'.*allowed: question, answer"),
        ({"scorer": "leter"}, "unknown scorer 'leter'; did you mean 'letter'"),
        ({"template": "{question"}, "--template: .*for braces"),
        ({"template": "{options}"}, "--template has no {question}"),
        ({"template": "{question.__class__}"}, "is not a field's name"),
        (
            {"columns": {"question": ("ask",), "answer": ("n",)}, "template": "{question}{hint}"},
            "--template names hint",
        ),
        ({}, "no column that looks like the question .it has ask, n.; name it with --column question=COLUMN"),
    ],
)
def test_what_does_not_fit_says_what_is_there(card: dict[str, Any], message: str, tmp_path: Path) -> None:
    written(tmp_path, "t.jsonl", [{"ask": "Q", "n": "1"}])
    with pytest.raises(BenchmarkDataError, match=message):
        read(DataCard(**{"source": str(tmp_path), **card}))


def test_an_answer_that_is_none_of_the_options_is_a_bad_row(tmp_path: Path) -> None:
    written(tmp_path, "t.jsonl", [CHOICE[0] | {"answer": "green"}, CHOICE[1]])
    rows = list(questions(adapter_of(DataCard(source=str(tmp_path))), None))
    assert isinstance(rows[0], BadRow) and "'green' is neither a letter" in rows[0].reason
    assert isinstance(rows[1], Sample)


def test_an_id_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub([{"question": "Q", "image": hf(), "answer": "yes"}], {"image": Hub.Image()})
    monkeypatch.setitem(__import__("sys").modules, "datasets", hub)
    card = DataCard(source="owner/name", split="validation", config="small")
    assert [sample.answer for sample in read(card)[0]] == ["yes"]
    assert hub.asked == [("owner/name", "small", "validation", None)]


def test_a_vlmevalkit_table_is_read_as_it_is(tmp_path: Path) -> None:
    import base64

    row = {
        "index": 7,
        "question": "Which?",
        "answer": "C",
        "category": "x",
        "image": base64.b64encode(hf()["bytes"]).decode(),
    }
    row |= dict(zip(string.ascii_uppercase, ["one", "two", "three", ""], strict=False))
    written(tmp_path, "Mine.tsv", [row])
    (sample,), (prompt,) = read(DataCard(source=str(tmp_path / "Mine.tsv")))
    assert prompt == f"Which?\nA. one\nB. two\nC. three\n{LETTER}"
    assert (sample.id, sample.answer, sample.images[0].open().size) == ("7", "C", (16, 16))
