"""The runner: each question asked once, every outcome counted for what it is, resumed exactly."""

import json
from pathlib import Path

import pytest
from toy_benchmark import Talker, Toy, answerer, number_in, question, right_below, toy

from zerosight.benchmarks.evaluation.benchmark import EvaluationError
from zerosight.benchmarks.evaluation.cache import Cache, Reply
from zerosight.benchmarks.evaluation.judge import Judge
from zerosight.benchmarks.evaluation.pictures import Thumbnails
from zerosight.benchmarks.evaluation.results import EvaluationResult, body_of, score_all, write_evaluation
from zerosight.benchmarks.evaluation.runner import PATIENCE, Answers, ask
from zerosight.benchmarks.evaluation.session import evaluate_models
from zerosight.benchmarks.evaluation.settings import Settings
from zerosight.benchmarks.samples import BadRow
from zerosight.envs import InfrastructureError


def figures(answers: Answers) -> object:
    scores = score_all({answers.benchmark.name: [answers]})
    return body_of(EvaluationResult(models=[answers.model], digests=["d"], scores=scores), Settings())


def test_every_question_is_asked_once_and_never_again(tmp_path: Path) -> None:
    talker = Talker(right_below(6))
    first = ask(toy(10), answerer(talker), Cache(tmp_path), Settings(batch=4))
    assert talker.batches == [4, 4, 2]
    assert sorted(map(number_in, talker.asked)) == list(range(10))
    assert [row.score for row in first.rows] == [1.0] * 6 + [0.0] * 4
    again = ask(toy(10), answerer(talker), Cache(tmp_path), Settings(batch=4))
    assert talker.batches == [4, 4, 2]
    assert figures(again) == figures(first)


@pytest.mark.parametrize(
    "change",
    [
        lambda b, t: (b, answerer(t, "other weights"), Settings()),
        lambda b, t: (b, answerer(t), Settings(max_new_tokens=99)),
        lambda b, t: (Toy(rows=[question(0, "blue")]), answerer(t), Settings()),
        lambda b, t: (Toy(rows=b.rows, name="another"), answerer(t), Settings()),
    ],
    ids=["weights", "sampling", "picture", "benchmark"],
)
def test_an_answer_to_something_else_is_not_taken(change, tmp_path: Path) -> None:
    talker = Talker(right_below(9))
    benchmark = Toy(rows=[question(0, "red")])
    ask(benchmark, answerer(talker), Cache(tmp_path), Settings())
    other, model, settings = change(benchmark, talker)
    ask(other, model, Cache(tmp_path), settings)
    assert len(talker.asked) == 2


def test_a_kill_in_the_middle_changes_no_figure_and_no_batch(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def killed(text: str) -> bool:
        if number_in(text) == 17:
            raise Killed
        return False

    whole = Talker(right_below(20))
    expected = figures(ask(toy(40), answerer(whole), Cache(tmp_path / "whole"), Settings(batch=8)))
    first = Talker(right_below(20), killed)
    with pytest.raises(Killed):
        ask(toy(40), answerer(first), Cache(tmp_path / "cut"), Settings(batch=8))
    # The batch under way when the kill came may have been half written.
    path = tmp_path / "cut" / "answers.jsonl"
    path.write_bytes(path.read_bytes() + b'{"half": {"text": "1')
    second = Talker(right_below(20))
    found = figures(ask(toy(40), answerer(second), Cache(tmp_path / "cut"), Settings(batch=8)))
    assert found == expected
    assert [number_in(text) for text in second.asked] == list(range(16, 40))
    assert second.batches == [8, 8, 8]
    assert figures(ask(toy(40), answerer(Talker(right_below(0))), Cache(tmp_path / "cut"), Settings())) == expected


def test_failures_are_counted_and_never_scored(tmp_path: Path) -> None:
    bad_row = BadRow("row 1", "column 'answer' is empty")
    benchmark = Toy(rows=[question(0), bad_row, question(2, "missing blue"), question(3), question(4)])
    talker = Talker(right_below(4), dies_at=lambda text: number_in(text) == 3)
    found = ask(benchmark, answerer(talker), Cache(tmp_path), Settings())
    assert [row.outcome for row in found.rows] == ["answered", "unreadable", "unreadable", "failed", "answered"]
    assert [row.score for row in found.rows] == [1.0, None, None, None, 0.0]
    assert [row.reason for row in found.rows][1:4] == [
        "column 'answer' is empty", "no file blue.png", "the server is gone",
    ]  # fmt: skip
    body = figures(found)["benchmarks"]["toy"]["models"][0]  # type: ignore[index]
    assert (body["answered"], body["unreadable"], body["failed"]) == (2, 2, 1)
    assert body["figures"]["overall"]["value"] == 0.5
    assert "1 questions failed and are not scored, the first: the server is gone" in body["notes"]
    # Once the server is back, what failed is asked, and nothing else.
    mended = Talker(right_below(4))
    again = ask(benchmark, answerer(mended), Cache(tmp_path), Settings())
    assert [number_in(text) for text in mended.asked] == [3]
    assert [row.score for row in again.rows] == [1.0, None, None, 1.0, 0.0]


def test_a_dead_server_stops_it_with_what_to_do_and_keeps_the_answers(tmp_path: Path) -> None:
    talker = Talker(right_below(99), dies_at=lambda text: number_in(text) >= 8)
    with pytest.raises(EvaluationError, match=f"failed for {PATIENCE} questions in a row.*give the same command again"):
        ask(toy(40), answerer(talker), Cache(tmp_path), Settings(batch=4))
    assert sorted(map(number_in, talker.asked)) == list(range(8))


def test_a_picture_that_our_machinery_cannot_draw_is_our_failure(tmp_path: Path) -> None:
    class Undrawn:
        digest = "undrawn"

        def open(self) -> None:
            raise InfrastructureError("no worker answers")

    sample = question(0)
    broken = type(sample)(id="q1", question="Question 1?", answer=1, images=(Undrawn(),), category={"kind": "a"})
    found = ask(Toy(rows=[sample, broken]), answerer(Talker(right_below(9))), Cache(tmp_path), Settings())
    assert [row.outcome for row in found.rows] == ["answered", "failed"]


def test_shares_together_are_the_whole(tmp_path: Path) -> None:
    whole = figures(ask(toy(30), answerer(Talker(right_below(11))), Cache(tmp_path / "one"), Settings(batch=4)))
    asked = []
    for share in (1, 2, 3):
        talker = Talker(right_below(11))
        settings = Settings(batch=4, shard=(share, 3))
        found = ask(toy(30), answerer(talker), Cache(tmp_path / "three", f"answers-{share}"), settings)
        asked += map(number_in, talker.asked)
        assert found.count("missing") == 30 - len(asked)
    assert sorted(asked) == list(range(30))
    silent = Talker(right_below(0))
    assert figures(ask(toy(30), answerer(silent), Cache(tmp_path / "three"), Settings(batch=4))) == whole
    assert silent.asked == []


def test_several_pictures_are_shown_one_by_one_or_as_a_sheet_that_is_named(tmp_path: Path) -> None:
    benchmark = Toy(rows=[question(0, "red", "blue", "green"), question(1, "red")])
    several, single, told = Talker(right_below(9)), Talker(right_below(9)), Talker(right_below(9))
    plain = ask(benchmark, answerer(several), Cache(tmp_path / "1"), Settings())
    assert several.pictures == [(30, 30, 30), (30,)]
    assert plain.sheets == 0
    sheet = ask(benchmark, answerer(single, several=False), Cache(tmp_path / "2"), Settings())
    assert [len(shown) for shown in single.pictures] == [1, 1]
    assert single.asked[0].startswith("The picture shows 3 images as numbered tiles.")
    assert not single.asked[1].startswith("The picture shows")
    assert sheet.sheets == 1
    notes = figures(sheet)["benchmarks"]["toy"]["models"][0]["notes"]  # type: ignore[index]
    assert any("1 questions: several pictures were shown as numbered tiles" in note for note in notes)
    ask(benchmark, answerer(told), Cache(tmp_path / "1"), Settings(sheet=True))
    assert len(told.asked) == 1, "the sheet is another question than three pictures; the single picture is not"


def test_cut_replies_are_scored_and_counted(tmp_path: Path) -> None:
    found = ask(toy(2), answerer(Talker(lambda text: "cut off")), Cache(tmp_path), Settings())
    assert found.cut == 2
    assert [row.score for row in found.rows] == [0.0, 0.0]


def test_the_cache_joins_no_line_to_one_that_was_cut_short(tmp_path: Path) -> None:
    Cache(tmp_path).keep({"a": Reply("1", True)})
    path = tmp_path / "answers.jsonl"
    path.write_bytes(path.read_bytes() + b'{"b": {"te')
    Cache(tmp_path).keep({"c": Reply("\ud800 3", False)})
    found = Cache(tmp_path)
    assert "b" not in found
    assert (found["a"], found["c"]) == (Reply("1", True), Reply("\ud800 3", False))


def test_two_models_and_files_that_are_the_same_when_made_again(tmp_path: Path) -> None:
    def run() -> dict[str, bytes]:
        talkers = [answerer(Talker(right_below(6)), "one"), answerer(Talker(right_below(3)), "org/two#x")]
        found = evaluate_models([lambda t=t: t for t in talkers], [toy(12)], Settings(batch=5), tmp_path)
        write_evaluation(found, Settings(batch=5), tmp_path)
        return {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.json*")}

    first = run()
    assert run() == first
    names = {"results.json", "one/zerosight_results.json", "one/zerosight_samples_toy.jsonl"}
    assert {*names, "org__two_x/zerosight_results.json"} < set(first)
    body = json.loads(first["results.json"])
    difference = body["benchmarks"]["toy"]["difference"]
    assert difference["value"] == pytest.approx(0.25)
    assert difference["low"] <= 0.25 <= difference["high"]


def test_results_are_where_readers_of_lmms_eval_look(tmp_path: Path) -> None:
    rows = [question(0), question(1, kind="b, c"), BadRow("bad", "no answer")]
    found = evaluate_models([lambda: answerer(Talker(right_below(1)))], [Toy(rows=rows)], Settings(limit=3), tmp_path)
    write_evaluation(found, Settings(limit=3), tmp_path)
    body = json.loads((tmp_path / "scripted" / "zerosight_results.json").read_text())
    assert body["results"]["toy"]["score,none"] == 0.5
    assert body["results"]["toy"]["b  c,none"] == 0.0
    assert body["n-samples"]["toy"] == {"original": 3, "effective": 2}
    assert body["n-shot"] == {"toy": 0} and body["configs"]["toy"]["output_type"] == "generate_until"
    assert set(body["versions"]) == set(body["higher_is_better"]) == {"toy"}
    assert body["config"]["model_args"] == "pretrained=scripted" and body["config"]["limit"] == 3
    samples = (tmp_path / "scripted" / "zerosight_samples_toy.jsonl").read_text()
    lines = [json.loads(line) for line in samples.splitlines()]
    assert [line["doc_id"] for line in lines] == [0, 1, 2]
    assert lines[0]["filtered_resps"] == ["0"] and lines[0]["target"] == "0" and lines[0]["score"] == 1.0
    assert "score" not in lines[2] and lines[2]["reason"] == "no answer"


class JudgedToy(Toy):
    """Its authors have a model say `right` or `wrong`."""

    def judged(self, sample, reply, judge):
        return float(judge(f"Question {sample.answer}? Is {reply!r} right?") == "right")


def judge_of(folder: Path, **options) -> tuple[Judge, Talker]:
    talker = Talker(lambda text: "right" if number_in(text) % 2 else "wrong", **options)
    return Judge(answerer(talker, "judge"), Cache(folder)), talker


def test_the_judge_scores_where_there_is_one_and_its_absence_is_said(tmp_path: Path) -> None:
    benchmark = JudgedToy(rows=toy(6).rows)
    judge, talker = judge_of(tmp_path / "judge")
    found = ask(benchmark, answerer(Talker(right_below(1))), Cache(tmp_path / "c"), Settings(batch=4), judge=judge)
    assert [row.score for row in found.rows] == [0.0, 1.0] * 3
    assert len(talker.asked) == 6
    again, silent = judge_of(tmp_path / "judge")
    ask(benchmark, answerer(Talker(right_below(1))), Cache(tmp_path / "c"), Settings(batch=4), judge=again)
    assert silent.asked == []
    by_rules = ask(benchmark, answerer(Talker(right_below(1))), Cache(tmp_path / "c"), Settings(batch=4))
    assert [row.score for row in by_rules.rows] == [1.0] + [0.0] * 5
    notes = [figures(each)["benchmarks"]["toy"]["models"][0]["notes"] for each in (found, by_rules)]  # type: ignore[index]
    assert "read by the judge judge" in notes[0][0]
    assert notes[1][0].startswith("rule-based, not comparable")
    plain = ask(toy(2), answerer(Talker(right_below(1))), Cache(tmp_path / "c"), Settings(), judge=judge)
    assert plain.judge is None and [row.score for row in plain.rows] == [1.0, 0.0]


def test_what_the_judge_did_not_read_is_a_failure_and_a_dead_judge_stops_it(tmp_path: Path) -> None:
    benchmark = JudgedToy(rows=toy(8).rows)
    judge, _ = judge_of(tmp_path / "j", dies_at=lambda text: number_in(text) == 3)
    found = ask(benchmark, answerer(Talker(right_below(1))), Cache(tmp_path / "c"), Settings(), judge=judge)
    assert [row.outcome for row in found.rows].count("failed") == 1
    assert found.rows[3].reason == "the judge: the server is gone" and found.rows[3].score is None
    dead, _ = judge_of(tmp_path / "k", dies_at=lambda text: True)
    with pytest.raises(EvaluationError, match=r"the judge judge failed for 8 replies in a row.*leave --judge away"):
        ask(benchmark, answerer(Talker(right_below(1))), Cache(tmp_path / "c"), Settings(), judge=dead)


def test_thumbnails_are_small_and_written_once(tmp_path: Path) -> None:
    thumbnails = Thumbnails(tmp_path)
    ask(toy(3), answerer(Talker(right_below(3))), Cache(tmp_path / "c"), Settings(), thumbnails=thumbnails)
    (path,) = tmp_path.glob("*.jpg")
    assert path == thumbnails.path(question(0).images[0].digest)
    assert path.read_bytes()[:2] == b"\xff\xd8"
