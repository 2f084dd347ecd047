"""The live page: what it reads of a run, what it warns of, and a server that answers to this machine alone."""

import base64
import hashlib
import http.client
import json
import math
import random
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from zerosight.train.config import RunConfig, known_keys
from zerosight.train.live.feed import MAX_ROWS, RunFeed
from zerosight.train.live.page import CHARTS, page_parts
from zerosight.train.live.paired import paired_difference
from zerosight.train.live.server import LiveError, LiveServer
from zerosight.train.runs.glossary import explain
from zerosight.train.runs.status import StatusFile, read_status
from zerosight.train.runs.upkeep import delete, leftovers, sizes

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028"
DIGEST = "0123456789abcdef"
PNG = bytes.fromhex("89504e470d0a1a0a")


def entry(step: int, **values: Any) -> dict[str, Any]:
    groups = {f"{role}/{name}": 4.0 for role in ("proposer", "coder", "solver") for name in ("groups", "flat_groups")}
    counts = {"proposals": 4, "proposals_valid": 4, "programs": 8, "programs_spec_satisfied": 4, "items": 8}
    taught = {"solver/flat_groups": 1.0, "solve_rate": 0.5, "time/learn": 2.0, "time/rollout": 1.0}
    return {"step": step, **groups, **counts, **taught, "arms": {"count/1": 0.5}, "rejected": {}} | values


def log(folder: Path, *entries: dict[str, Any], mode: str = "a") -> None:
    with (folder / "metrics.jsonl").open(mode) as file:
        file.writelines(json.dumps(values) + "\n" for values in entries)


def evaluation(right: list[bool]) -> dict[str, Any]:
    share = sum(right) / len(right)
    overall = {"accuracy": share, "blind": 0.2, "low": 0.1, "high": 0.9, "items": len(right), "chance": 0.25}
    return {"overall": overall, "answers": [{"id": str(i), "right": value} for i, value in enumerate(right)]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    for name in ("rollouts", "pictures", "evaluations", "checkpoints"):
        (run / name).mkdir(parents=True)
    (run / "config.yaml").write_text(RunConfig(steps=10).to_yaml())
    (run / "pictures" / f"{DIGEST}.png").write_bytes(PNG)
    item = {
        "id": "i", "task": "count", "difficulty": 1, "from_proposer": True, "scene": DIGEST, "program": HOSTILE,
        "question": HOSTILE, "query": [], "truth": "2", "margin": 64.0, "answers": {"2": 3, HOSTILE: 1},
        "solve_rate": 0.75,
    }  # fmt: skip
    record = {"env": "shapes/Canvas-v1", "briefing": "b", "proposal": "p", "rejected": ["syntax", HOSTILE]}
    record |= {"programs": [], "items": [item, item | {"margin": 3.5}]}
    (run / "rollouts" / "step_000001.jsonl").write_text(json.dumps(record) + "\n")
    return run


def test_a_feed_reads_what_is_new_and_waits_for_a_line_that_is_being_written(folder: Path) -> None:
    feed = RunFeed(folder, "run")
    feed.poll()
    assert feed.metrics == [] and feed.rows(0) == []
    log(folder, entry(1), entry(2))
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "solve_')
    feed.poll()
    assert [row["step"] for row in feed.rows(0)] == [1, 2] and feed.generation == 0
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('rate": 0.5}\nnot json\n')
    feed.poll()
    assert [row["step"] for row in feed.rows(2)] == [3]


@pytest.mark.parametrize("again", [entry(2, solve_rate=0.9), entry(3)], ids=["shorter", "same length"])
def test_a_resumed_run_takes_its_last_steps_back(folder: Path, again: dict[str, Any]) -> None:
    log(folder, entry(1), entry(2), entry(3))
    feed = RunFeed(folder, "run")
    feed.poll()
    log(folder, entry(1), mode="w")
    feed.poll()
    log(folder, again)
    feed.poll()
    assert [values["step"] for values in feed.metrics] == [1, again["step"]] and feed.generation == 1


def test_a_long_run_is_thinned_out_and_ends_with_its_last_step(folder: Path) -> None:
    feed = RunFeed(folder, "run")
    feed.metrics = [{"step": step, "solve_rate": math.nan} for step in range(1, 4 * MAX_ROWS)]
    rows = feed.rows(0)
    assert len(rows) <= MAX_ROWS + 1 and rows[0] == {"step": 1} and rows[-1]["step"] == 4 * MAX_ROWS - 1


def test_warnings_name_the_cause_and_an_option_that_exists(folder: Path) -> None:
    stalled = entry(1, **{"solver/flat_groups": 4.0}, solve_rate=1.0)
    log(folder, *(stalled | {"step": step, "coder/truncated": 4.0, "infrastructure_errors": 1} for step in range(1, 5)))
    feed = RunFeed(folder, "run")
    feed.poll()
    texts = feed.state(0.0)["warnings"]
    assert "4 steps in a row taught nothing: the Solver answers nearly everything" in texts[0]
    assert "50% of the coder's replies are cut off: raise rollout.coder_tokens" in texts[1]
    assert "4 drawings failed in the last 4 steps" in texts[2] and len(texts) == 3
    assert set(re.findall(r"rollout\.\w+", " ".join(texts))) <= set(known_keys())


def test_cards_have_verdicts_and_no_sentinel_for_a_margin(folder: Path) -> None:
    gallery = RunFeed(folder, "run").gallery(0)
    assert gallery is not None
    margins = [card["margin"] for card in gallery["cards"]]
    assert margins[0] == "" and margins[1].startswith("3.5")
    assert [(bar["count"], bar["correct"]) for bar in gallery["cards"][0]["answers"]] == [(3, True), (1, False)]
    assert gallery["cards"][0]["picture"] == f"picture/0/{DIGEST}.png"
    assert gallery["refusals"][0]["code"] == "syntax" and gallery["refusals"][0]["reason"] == HOSTILE


def test_status_says_phase_time_left_and_warnings(folder: Path) -> None:
    times = iter([100.0, 100.0, 130.0, 130.0, 130.1, 130.2, 133.0, 133.0])
    status_file = StatusFile(folder, clock=lambda: next(times))
    for phase in ("before", "evolve"):
        status_file.phase(phase)
    status_file.progress(1, 10)
    status_file.progress(2, 10, "steps")
    assert read_status(folder)["progress"] == {}
    status_file.warn("something")
    status = read_status(folder)
    assert [phase["name"] for phase in status["phases"]] == ["before", "evolve"]
    assert status["progress"] == {"done": 2.0, "total": 10.0, "note": "steps"}
    feed = RunFeed(folder, "run")
    log(folder, entry(1), entry(2))
    feed.poll()
    # Eight steps of three seconds, and the evaluation after the run as long as the one before it.
    assert feed._seconds_left(status["phases"], None, 133.0) == 8 * 3 + 30
    assert feed.warnings(status) == ["something"]
    (folder / "status.json").write_text('{"phases": [3, {"name": 4}], "progress": 7, "warnings": null}')
    assert read_status(folder) == {"updated": 0.0, "phases": [], "progress": {}, "warnings": []}


def test_paired_difference_agrees_with_the_mean_of_differences() -> None:
    rng = random.Random(7)
    first, second = ([rng.random() < share for _ in range(400)] for share in (0.4, 0.5))
    result = paired_difference(evaluation(first), evaluation([*second, True]))
    assert result is not None and result.items == 400
    gaps = [int(b) - int(a) for a, b in zip(first, second, strict=True)]
    half = 1.959963984540054 * stdev(gaps) / math.sqrt(len(gaps))
    assert result.difference == pytest.approx(sum(gaps) / 400)
    assert (result.low, result.high) == pytest.approx((result.difference - half, result.difference + half), abs=5e-4)
    assert paired_difference(None, evaluation(first)) is None


def test_every_curve_is_of_a_metric_that_is_explained() -> None:
    keys = [key for charts in CHARTS.values() for series in charts.values() for _, *keys in series for key in keys]
    assert [key for key in keys if key and explain(key) is None] == []


# --- the server ---------------------------------------------------------------------------------------------------


@pytest.fixture
def server(folder: Path) -> Iterator[LiveServer]:
    log(folder, entry(1))
    with LiveServer([folder], 0) as live_server:
        yield live_server


@contextmanager
def answer(server: LiveServer, path: str, host: str = "localhost:1") -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rstrip("/").rpartition(":")[2]), timeout=30)
    with closing(connection):
        connection.request("GET", path, headers={"Host": host})
        with connection.getresponse() as response:
            yield response


def status_of(server: LiveServer, path: str, host: str = "localhost:1") -> int:
    with answer(server, path, host) as response:
        return response.status


def test_the_page_is_whole_and_its_policy_names_its_own_parts_alone(server: LiveServer) -> None:
    with answer(server, "/") as response:
        page, policy = response.read().decode(), response.headers["Content-Security-Policy"]
    assert response.status == 200 and "unsafe" not in policy and "default-src 'none'" in policy
    script, style = (re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("script", "style"))
    for text in (*script, *style):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert len(script) == len(style) == 1 and page_parts()[1] == script[0]
    assert not re.search(r"https?://(?!www\.w3\.org)|\son\w+=|style=", page.replace(script[0], ""))
    assert "innerHTML" not in script[0] and "eval(" not in script[0]


def test_events_begin_with_all_that_a_page_needs(server: LiveServer) -> None:
    kinds: dict[str, Any] = {}
    with answer(server, "/events") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        while not {"runs", "metrics", "state", "gallery", "load"} <= kinds.keys():
            line = response.readline().decode()
            if line.startswith("event: "):
                kinds[line[7:].strip()] = json.loads(response.readline().decode()[6:])
    assert kinds["runs"][0]["name"] == "run" and kinds["metrics"]["rows"][0]["solve_rate"] == 0.5
    assert kinds["gallery"]["cards"][0]["question"] == HOSTILE and kinds["state"]["step"] == 1


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8421", "127.0.0.1.evil.example", "", "localhost.evil"])
def test_another_hosts_name_is_refused(server: LiveServer, host: str) -> None:
    assert status_of(server, "/", host) == 403 and status_of(server, "/events", host) == 403


@pytest.mark.parametrize(
    "path", ["/picture/0/../../config.yaml", "/picture/0/%2e%2e.png", "/picture/9/0123456789abcdef.png", "/nothing"]
)
def test_nothing_but_pictures_of_the_runs_is_sent(server: LiveServer, path: str) -> None:
    assert status_of(server, path) == 404
    with answer(server, f"/picture/0/{DIGEST}.png") as response:
        assert response.read() == PNG


def test_a_port_in_use_and_a_folder_that_is_no_run_are_said(server: LiveServer, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LiveError, match="choose another with --port"):
        LiveServer([folder], int(server.url.rstrip("/").rpartition(":")[2]))
    with pytest.raises(LiveError, match="is not a run directory"):
        LiveServer([tmp_path])
    with pytest.raises(LiveError, match="twice"):
        LiveServer([folder, folder])


# --- upkeep -------------------------------------------------------------------------------------------------------


def test_upkeep_lists_what_nothing_reads_and_deletes_nothing_else(folder: Path) -> None:
    log(folder, entry(1))
    for name in (".step_000009.part", ".step_000003.damaged", "step_000001", "step_000002"):
        (folder / "checkpoints" / name).mkdir()
        (folder / "checkpoints" / name / "weights").write_bytes(bytes(100))
    assert sizes(folder)["checkpoints"] == 400
    names = [entry.path.name for entry in leftovers(folder)]
    assert sorted(names) == [".step_000003.damaged", ".step_000009.part"]
    with_older = leftovers(folder, with_checkpoints=True)
    assert "step_000001" in [entry.path.name for entry in with_older]
    assert leftovers(folder, [folder / "checkpoints" / "step_000001"], with_checkpoints=True) == leftovers(folder)
    assert delete(with_older) == 300
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step_000002"]
