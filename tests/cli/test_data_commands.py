"""`zerosight data` and `zerosight cluster` as a person types them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from zerosight.envs.parts import GROUPS

Run = Callable[..., subprocess.CompletedProcess[str]]
WORLD = ("--env", "shapes/Canvas-v1")


def test_make_score_and_push(zerosight: Run, tmp_path: Path) -> None:
    made = zerosight("data", "make", "d", *WORLD, "--count", "6", "--shard", "4", "--format", "jsonl", "--balanced")
    assert made.returncode == 0, made.stderr
    assert "6 rows (6 made now" in made.stdout
    again = zerosight("data", "make", "d", *WORLD, "--count", "6", "--shard", "4", "--format", "jsonl", "--balanced")
    assert "complete already" in again.stdout
    rows = [json.loads(line) for path in sorted(Path("d").glob("*.jsonl")) for line in path.read_text().splitlines()]
    replies = [{"id": row["id"], "reply": row["answer"] if number else "?"} for number, row in enumerate(rows)]
    Path("replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    scored = zerosight("data", "score", "replies.jsonl", "--data", "d", "--out", "scores.jsonl", "--json")
    overall = json.loads(scored.stdout)[-1]
    assert (overall["name"], overall["accuracy"]["total"]) == ("all", 6)
    assert overall["mean"] == pytest.approx(5 / 6)
    assert len(Path("scores.jsonl").read_text().splitlines()) == 6
    dry = zerosight("data", "push", "d", "me/shapes", "--dry-run")
    assert "to the private data set me/shapes: not sent" in dry.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("make", "d", "--format", "parket"), "did you mean 'parquet'?"),
        (("make", "d", "--band", "hardest"), "allowed: easy, middle, hard"),
        (("make", "d", "--env", "shapes/Canvas-v7"), "did you mean"),
        (("make", "d", "--run", "r"), "--role proposer or --role coder"),
        (("make", "d", "--role", "coder", "--hard-for", "embedded"), "have none of"),
        (("make", "d", "--hard-for", "embedded", "--rates", "half"), "LOW-HIGH"),
        (("make", "d", "--hard-for", "http://127.0.0.1:1"), "does not say which model"),
        (("score", "nowhere.jsonl"), "is not there"),
        (("push", "nowhere", "me/x", "--dry-run"), "not a finished data set"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(zerosight: Run, arguments: tuple[str, ...], message: str) -> None:
    ended = zerosight("data", *arguments)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert not Path("d").exists()


def test_what_roles_write_is_written_with_its_verdict(zerosight: Run) -> None:
    made = zerosight("data", "make", "p", *WORLD, "--count", "4", "--role", "proposer", "--format", "sharegpt")
    assert made.returncode == 0, made.stderr
    rows = json.loads(Path("p/train.json").read_text())
    assert {row["metadata"]["verdict"] for row in rows} == {"accepted"}
    assert all(json.loads(row["conversations"][1]["value"])["ask"] for row in rows)


def test_items_that_a_model_half_knows(zerosight: Run) -> None:
    options = ("--count", "2", "--hard-for", "embedded", "--style", "short", "--rates", "0-1", "--replies", "2")
    made = zerosight("data", "make", "h", *WORLD, *options, "--format", "jsonl")
    assert made.returncode == 0, made.stderr
    rates = [json.loads(line)["solve_rate"] for line in Path("h/train-00000.jsonl").read_text().splitlines()]
    assert set(rates) <= {0.0, 0.5, 1.0}


def test_a_verl_job_is_written(zerosight: Run) -> None:
    written = zerosight(
        "cluster", "verl", "job", *WORLD, "--items", "200", "--validation", "3", "--nodes", "2", "--triad"
    )
    assert written.returncode == 0, written.stderr
    assert {path.name for path in Path("job").iterdir()} == {
        "README.md", "agent_loop.yaml", "data", "plan.json", "reward.py", "run.sh",
    }  # fmt: skip
    assert "trainer.nnodes=2" in Path("job/run.sh").read_text()
    assert "raise --items" in zerosight("cluster", "verl", "other", *WORLD, "--items", "3").stderr


def test_kinds_of_parts_are_the_documented_ones() -> None:
    assert set(GROUPS) == {"recipe", "reward", "curriculum", "loss", "benchmark"}
