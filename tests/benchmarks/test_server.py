"""A fake server with each behaviour of real ones; its requests are counted."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toy_benchmark import Toy, question, toy
from toy_server import ToyServer

from zerosight.benchmarks.evaluation.benchmark import ModelDownError
from zerosight.benchmarks.evaluation.cache import Cache, Reply
from zerosight.benchmarks.evaluation.models import Answerer, open_model
from zerosight.benchmarks.evaluation.results import notes_of, score_all
from zerosight.benchmarks.evaluation.runner import Answers, ask
from zerosight.benchmarks.evaluation.server import ServerOptions
from zerosight.benchmarks.evaluation.settings import Settings


@pytest.fixture
def server() -> Iterator[ToyServer]:
    toy_server = ToyServer()
    yield toy_server
    toy_server.close()


def opened(server: ToyServer, folder: Path, **options: Any) -> Answerer:
    return open_model(f"{server.url}#m", work=folder, server=ServerOptions(retries=0, **options))


def choice(message: dict[str, Any], reason: str = "stop") -> tuple[int, Any]:
    return 200, {"choices": [{"message": message, "finish_reason": reason}]}


def asked(server: ToyServer, folder: Path, count: int = 8, **options: Any) -> Answers:
    return ask(toy(count), opened(server, folder, **options), Cache(folder / "cache"), Settings())


def notes(answers: Answers) -> str:
    return "\n".join(notes_of(score_all({"toy": [answers]})["toy"][0]))


def test_a_refused_question_costs_one_request_and_no_other_a_second(server: ToyServer, tmp_path: Path) -> None:
    server.refused = ("Question 2?", "Question 5?")
    answers = asked(server, tmp_path, 40)
    assert len(server.bodies) == 40
    assert [row.outcome for row in answers.rows].count("failed") == 2
    # Given again, only the refused ones are asked.
    asked(server, tmp_path, 40)
    assert len(server.bodies) == 42


def test_many_refused_questions_do_not_end_a_run_that_has_answers(server: ToyServer, tmp_path: Path) -> None:
    server.refused = tuple(f"Question {number}?" for number in range(3, 30))
    answers = asked(server, tmp_path, 32)
    assert answers.count("failed") == 27 and answers.count("answered") == 5


@pytest.mark.parametrize(
    ("answer", "text", "finished", "refused"),
    [
        (choice({"content": None}), "", True, True),
        (choice({"content": None, "refusal": "I won't."}), "I won't.", True, True),
        (choice({"content": None, "reasoning_content": "Hm"}, "length"), "", False, False),
        (choice({"content": ""}, "content_filter"), "", True, True),
        (choice({"content": None, "tool_calls": []}, "tool_calls"), "", True, True),
        (choice({"content": "no idea", "refusal": None}), "no idea", True, False),
        (choice({"content": [{"text": "no "}, {"text": "idea"}]}), "no idea", True, False),
        (choice({"content": "cut"}, "length"), "cut", False, False),
        ((400, {"error": {"message": "blocked by content management policy"}}), "", True, True),
        ((400, {"error": {"message": "rejected as a result of our safety system"}}), "", True, True),
    ],
)  # fmt: skip
def test_a_refusal_is_a_reply_that_is_scored(
    server: ToyServer, tmp_path: Path, answer: tuple[int, Any], text: str, finished: bool, refused: bool
) -> None:
    server.special = {"Question 1?": answer}
    answers = asked(server, tmp_path)
    row = answers.rows[1]
    assert (row.outcome, row.reply, row.finished, row.score) == ("answered", text, finished, 0.0)
    assert row.answer is not None and row.answer.refused is refused
    assert answers.count("answered") == 8 and len(server.bodies) == 8
    assert ("1 questions were refused" in notes(answers)) is refused
    assert answers.refusals == int(refused)
    # What was refused is not asked again.
    asked(server, tmp_path)
    assert len(server.bodies) == 8


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {"choices": []}), "gave no completion"),
        ((200, {"choices": [{}]}), "gave no completion"),
        ((200, []), "gave no completion"),
        ((404, {"error": {"message": "no such model"}}), "is the model's name right?"),
        ((307, {}), "redirects are not followed"),
        ((500, {"error": {"message": "broken"}}), "no answer"),
    ],
)
def test_what_is_no_reply_is_a_failure(server: ToyServer, tmp_path: Path, answer: tuple[int, Any], reason: str) -> None:
    server.special = {"Question 1?": answer}
    answers = asked(server, tmp_path)
    assert answers.rows[1].outcome == "failed" and reason in answers.rows[1].reason
    assert answers.count("answered") == 7 and len(server.bodies) == 8


def test_a_key_is_sent_to_no_other_address(server: ToyServer, tmp_path: Path) -> None:
    other = ToyServer()
    try:
        server.url = other.url
        server.special = {"Question": (302, {})}
        address = f"http://127.0.0.1:{server._http.server_address[1]}#m"
        (tmp_path / "key").write_text("secret")
        model = open_model(address, work=tmp_path, key_file=tmp_path / "key", server=ServerOptions(retries=0))
        answers = ask(toy(2), model, Cache(tmp_path / "cache"), Settings())
        assert answers.count("failed") == 2 and other.bodies == [] and set(server.keys) == {"Bearer secret"}
    finally:
        other.close()


def test_a_wrong_key_ends_it_soon(server: ToyServer, tmp_path: Path) -> None:
    server.special = {"Question": (401, {"error": {"message": "no key"}})}
    with pytest.raises(ModelDownError, match="failed for 5 questions in a row") as raised:
        ask(toy(64), opened(server, tmp_path), Cache(tmp_path / "cache"), Settings(batch=8))
    assert raised.value.exit_status == 1 and len(server.bodies) == 8


def test_a_server_that_dies_later_has_answered_a_part(server: ToyServer, tmp_path: Path) -> None:
    cache, model = Cache(tmp_path / "cache"), opened(server, tmp_path)
    ask(toy(4), model, cache, Settings())
    server.close()
    with pytest.raises(ModelDownError) as raised:
        ask(toy(40), model, cache, Settings())
    assert raised.value.exit_status == 3


def test_a_dead_server_is_not_tried_for_every_question(tmp_path: Path) -> None:
    server = ToyServer()
    server.close()
    model = opened(server, tmp_path, concurrency=1)
    failures = model.outcomes([([{"role": "user", "content": []}], ())] * 20, 8)
    assert [str(failure).startswith("not tried") for failure in failures] == [False] * 5 + [True] * 15


def test_fields_are_added_and_taken_away_and_make_another_model_of_it(server: ToyServer, tmp_path: Path) -> None:
    body = {"max_completion_tokens": 77, "reasoning_effort": "low", "temperature": None}
    asked(server, tmp_path, 1, body=body)
    asked(server, tmp_path, 1)
    first, second = server.bodies
    assert (first["max_completion_tokens"], first["reasoning_effort"]) == (77, "low")
    assert "max_tokens" not in first and "temperature" not in first
    assert (second["max_tokens"], second["temperature"]) == (8, 0.0) and "max_completion_tokens" not in second


def test_requests_keep_to_the_rate(server: ToyServer, tmp_path: Path) -> None:
    start = time.monotonic()
    asked(server, tmp_path, 5, requests_per_minute=600.0)
    assert time.monotonic() - start >= 0.4


def test_tokens_and_time_are_counted_and_said(server: ToyServer, tmp_path: Path) -> None:
    answers = asked(server, tmp_path)
    replies = [row.answer for row in answers.rows if row.answer is not None]
    assert {(reply.prompt_tokens, reply.new_tokens) for reply in replies} == {(100, 2)}
    assert all(reply.seconds is not None and reply.seconds < 60 for reply in replies)
    assert "the server counted 800 tokens of questions and 16 of replies; a reply took " in notes(answers)
    assert answers.rows[0].to_dict()["prompt_tokens"] == 100
    # They are kept: a second evaluation without a server says the same.
    server.close()
    assert notes(asked(server, tmp_path)) == notes(answers)


def test_a_cache_of_replies_without_counts_is_read(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text('{"a": {"text": "1", "finished": true}}\n')
    assert Cache(tmp_path)["a"] == Reply("1", True)
    Cache(tmp_path).keep({"b": Reply("2", False, refused=True)})
    assert (tmp_path / "answers.jsonl").read_text().splitlines()[1] == (
        '{"b": {"text": "2", "finished": false, "refused": true}}'
    )


def test_questions_about_one_picture_are_one_cluster() -> None:
    from zerosight.benchmarks.evaluation.clusters import with_clusters

    rows = [
        question(0, "red"),
        question(1, "red", "blue"),
        question(2, "blue"),
        question(3, "green"),
        question(4, "tan"),
    ]
    found = with_clusters(rows, by_pictures=True)
    names = [row.cluster for row in found]  # type: ignore[union-attr]
    assert names[0] == names[1] == names[2] != "" and names[3] == names[4] == ""
    assert [row.cluster for row in with_clusters(rows, by_pictures=False)] == [""] * 5  # type: ignore[union-attr]
    groups = with_clusters([question(5, "tan", group="g"), question(6, "red", group="g")], by_pictures=False)
    assert groups[0].cluster == groups[1].cluster != ""  # type: ignore[union-attr]


def test_only_our_toys_are_without_clusters(tmp_path: Path) -> None:
    """The runner gives published benchmarks their clusters: of a film, all its questions."""
    from published_cases import CASES
    from toy_benchmark import Talker, answerer

    from zerosight.benchmarks.adapters import adapter

    (tmp_path / "vsi-bench").mkdir()
    CASES["vsi-bench"].write(tmp_path / "vsi-bench")
    answers = ask(
        adapter("vsi-bench"), answerer(Talker(lambda text: "4")), Cache(tmp_path / "c"), Settings(data=tmp_path)
    )
    assert len({sample.cluster for sample, _ in answers.scored}) < len(answers.scored)
    plain = ask(Toy(rows=[question(0), question(1)]), answerer(Talker(lambda text: "0")), Cache(tmp_path / "d"))
    assert [sample.cluster for sample, _ in plain.scored] == ["", ""]
