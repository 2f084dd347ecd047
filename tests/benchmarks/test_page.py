"""The page: every question with its pictures and replies, in one file that asks for nothing and trusts nothing."""

import base64
import json
import re
from pathlib import Path

import pytest
from toy_benchmark import Talker, Toy, answerer, question, right_below, toy

import zerosight.benchmarks.evaluation.page as page_module
from zerosight.benchmarks.evaluation.page import write_page
from zerosight.benchmarks.evaluation.session import evaluate_models
from zerosight.benchmarks.evaluation.settings import Settings
from zerosight.benchmarks.samples import BadRow

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def page_of(folder: Path, benchmark: Toy, *talkers: Talker) -> str:
    opened = [lambda t=t, n=n: answerer(t, f"model {n}") for n, t in enumerate(talkers)]
    return write_page(evaluate_models(opened, [benchmark], Settings(), folder), folder).read_text()


def data_of(page: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_every_question_is_there_with_all_that_was_said(tmp_path: Path) -> None:
    bad_row = BadRow("bad", "no answer")
    benchmark = Toy(rows=[question(0, "red", "blue"), question(1), bad_row, question(3, "missing x")])
    data = data_of(page_of(tmp_path, benchmark, Talker(right_below(1)), Talker(lambda text: "cut")))
    assert data["models"] == ["model 0", "model 1"]
    assert [row["id"] for row in data["rows"]] == ["q0", "q1", "bad", "q3"]
    first, second, bad, unreadable = data["rows"]
    assert first["answer"] == "0" and first["category"] == ["a"]
    assert [one["score"] for one in first["models"]] == [1.0, 0.0]
    assert [one["cut"] for one in first["models"]] == [False, True]
    assert second["models"][0]["reply"] == "no idea"
    assert bad["models"][0] == {
        "outcome": "unreadable", "reply": "", "score": None, "cut": False, "reason": "no answer",
    }  # fmt: skip
    assert unreadable["models"][1]["reason"] == "no file x.png"
    assert len(data["pictures"]) == 2 and data["leftOut"] == 0
    for digest in first["images"]:
        assert base64.b64decode(data["pictures"][digest])[:2] == b"\xff\xd8"


def test_what_a_model_wrote_stays_data(tmp_path: Path) -> None:
    benchmark = Toy(rows=[question(0, kind=HOSTILE)], title=HOSTILE)
    page = page_of(tmp_path, benchmark, Talker(lambda text: HOSTILE))
    assert HOSTILE not in page and "<img" not in page
    assert page.count("<script") == 2, "the data and the page's own"
    assert data_of(page)["rows"][0]["models"][0]["reply"] == HOSTILE
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    assert "innerHTML" not in script and "http" not in script


def test_the_policy_allows_the_pages_script_and_nothing_from_outside(tmp_path: Path) -> None:
    import hashlib

    page = page_of(tmp_path, toy(2), Talker(right_below(1)))
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)[0]
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    assert not re.findall(r"(?:src|href)=[\"']", page)


def test_pictures_beyond_the_size_are_left_out_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "PICTURE_BYTES", 700)
    data = data_of(page_of(tmp_path, Toy(rows=[question(0, "red", "blue", "green")]), Talker(right_below(1))))
    assert data["leftOut"] >= 1 and len(data["pictures"]) + data["leftOut"] == 3


def test_long_replies_are_cut_in_the_page_alone(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, toy(1), Talker(lambda text: "x" * 9000)))
    assert data["rows"][0]["models"][0]["reply"].endswith("… (3000 more characters)")
