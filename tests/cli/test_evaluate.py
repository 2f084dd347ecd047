"""`zerosight eval` on suites and `zerosight bench`, as a person meets them."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from zerosight.benchmarks.evaluation.benchmark import EvaluationError
from zerosight.cli.eval_options import shard_of

OWN = ["--suite", "own", "--env", "shapes/Canvas-v1", "--tokens", "4"]


CommandLine = Callable[..., subprocess.CompletedProcess[str]]
Printed = Callable[..., str]


@pytest.fixture
def printed(zerosight: CommandLine) -> Printed:
    """What a command that succeeds prints."""

    def run(*arguments: str) -> str:
        done = zerosight(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_two_models_in_a_table_with_intervals_chance_and_power(printed: Printed, tmp_path: Path) -> None:
    out = tmp_path / "out"
    # The same weights under two names, so that the difference is 0 whatever they are.
    from zerosight.train.models.load import EMBEDDED_SEED

    text = printed(
        "eval", "embedded", str(EMBEDDED_SEED), *OWN, "--limit", "30", "--fresh-seed", "3", "--out", str(out)
    )
    assert "chance" in text and "overall" in text and "hard" in text
    assert f"embedded minus {EMBEDDED_SEED}: +0.0 points" in text
    assert "fixed minus fresh items" in text
    body = json.loads((out / "results.json").read_text())
    assert set(body["benchmarks"]) == {"zerosight/heldout-v1", "zerosight/heldout-v1+fresh"}
    assert body["benchmarks"]["zerosight/heldout-v1+fresh"]["suite"]["seed"] == 3
    assert body["limit"] == 30
    assert (out / "page.html").is_file()
    # Given again, it asks nothing and says the same.
    answers = {path: path.read_bytes() for path in (out / "cache").rglob("*.jsonl")}
    again = printed(
        "eval", "embedded", str(EMBEDDED_SEED), *OWN, "--limit", "30", "--fresh-seed", "3", "--out", str(out)
    )
    assert again == text
    assert {path: path.read_bytes() for path in (out / "cache").rglob("*.jsonl")} == answers


def test_json_is_all_there_is_on_stdout_and_a_secret_seed_is_kept_for_the_next_time(
    printed: Printed, tmp_path: Path
) -> None:
    command = ("eval", "embedded", *OWN, "--limit", "6", "--fresh", "--json", "--out", str(tmp_path))
    first = json.loads(printed(*command))
    second = json.loads(printed(*command))
    assert first == second
    seed = first["benchmarks"]["zerosight/heldout-v1+fresh"]["suite"]["seed"]
    assert json.loads((tmp_path / "fresh.json").read_text()) == {"seed": seed}
    assert seed > 10**6, "drawn at random from 62 bits: below a million once in 10**12 times"


def test_sigkill_in_the_middle_changes_nothing(printed: Printed, tmp_path: Path) -> None:
    def command(out: str) -> list[str]:
        return ["eval", "embedded", *OWN, "--limit", "60", "--batch", "1", "--out", str(tmp_path / out)]

    whole = printed(*command("whole"))
    python = [sys.executable, "-m", "zerosight.cli"]
    child = subprocess.Popen([*python, *command("cut")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kept, deadline = 0, time.monotonic() + 60
    while kept < 3 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
        kept = sum(path.read_bytes().count(b"\n") for path in (tmp_path / "cut").rglob("*.jsonl"))
    child.kill()
    child.wait()
    assert 3 <= kept < 60, "killed after some batches and before the last"
    assert not (tmp_path / "cut" / "results.json").exists()
    assert printed(*command("cut")) == whole.replace("whole/", "cut/")
    names = [path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.*") if path.is_file()]
    assert len(names) > 5
    for name in names:
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_shares_are_put_together(printed: Printed, tmp_path: Path) -> None:
    command = ["eval", "embedded", *OWN, "--limit", "20", "--batch", "4", "--json"]
    whole = json.loads(printed(*command, "--out", str(tmp_path / "whole")))
    for share in ("1/2", "2/2"):
        part = json.loads(printed(*command, "--shard", share, "--out", str(tmp_path / "parts")))
        if share == "1/2":
            (model,) = part["benchmarks"]["zerosight/heldout-v1"]["models"]
            assert model["missing"] == 8 and "in other shares" in " ".join(model["notes"])
    assert json.loads(printed(*command, "--out", str(tmp_path / "parts"))) == whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval", "embedded", "--suite", "owm"], "unknown suite 'owm'; did you mean 'own'?"),
        (["eval", "embedded", "--suite", "own", "--shard", "3/2"], "--shard is I/N with I from 1 to N"),
        (["eval", "embedded", "--suite", "own", "--backend", "vlm"], "unknown backend 'vlm' (allowed: hf, vllm)"),
        (["eval", "http://127.0.0.1:9", "--suite", "own"], "does not say which model"),
        (["bench", "export", "folder", "--to", "lmms"], "no bridge to 'lmms'; did you mean 'lmms-eval'?"),
        (["bench", "export", "folder", "--to", "lmms-eval", "--suite", "x"], "no suite of ours is called 'x'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_with_the_fix(zerosight: CommandLine, arguments: list[str], message: str) -> None:
    done = zerosight(*arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


GIVEN = {
    "items": "5",
    "limit": "1",
    "env": "shapes/Canvas-v1",
    "data": "/no/such/folder",
    "fresh": None,
    "fresh-seed": "3",
    "sheet": None,
    "shard": "1/2",
    "backend": "hf",
    "key-file": "/no/such/file",
    "judge": "embedded",
    "timeout": "9",
    "retries": "1",
    "concurrency": "2",
    "rate": "60",
    "body": "a=1",
    "protocol": "authors",
    "revision": "mmstar=main",
    "frames": "8",
    "template": "{question}",
    "samples": "3",
    "top-p": "0.9",
    "pick": "majority",
    "gpus": "2",
}
OFTEN = {"frames", "template", "samples", "top-p", "gpus"}
"""Without effect unless there are films, a data set of one's own, a temperature; with a share."""
PUBLIC = {"protocol", "revision"}
SERVER = {"key-file", "timeout", "retries", "concurrency", "rate", "body"}
"""Options that some evaluations have no use for."""
URL = "http://127.0.0.1:9#m"


@pytest.mark.parametrize(
    ("models", "suite", "without_effect"),
    [
        (["embedded"], "heldout", {"limit", "data", "fresh", "fresh-seed", "sheet", "judge"} | SERVER | OFTEN | PUBLIC),
        (["embedded"], "own", {"items", "data", "sheet", "judge"} | SERVER | OFTEN | PUBLIC),
        (["embedded"], "heldout,own", {"data", "sheet", "judge"} | SERVER | OFTEN | PUBLIC),
        (["embedded"], "vsi-bench", {"items", "env", "fresh", "fresh-seed", "judge"} | SERVER | OFTEN - {"frames"}),
        (["embedded"], "mathvista", {"items", "env", "fresh", "fresh-seed"} | SERVER | OFTEN),
        ([URL], "vsi-bench,own", {"items", "backend", "judge"} | OFTEN - {"frames"}),
        (["embedded", URL], "mathvista,heldout", {"fresh", "fresh-seed"} | OFTEN),
    ],
    ids=lambda value: ",".join(sorted(value)) if isinstance(value, set | list) else value,
)
def test_every_option_without_effect_is_named_and_no_other(
    zerosight: CommandLine, models: list[str], suite: str, without_effect: set[str], tmp_path: Path
) -> None:
    options = [part for name, value in GIVEN.items() for part in ([f"--{name}"] + ([value] if value else []))]
    # A part that cannot be: whatever has an effect stops here too, before anything is asked.
    done = zerosight("eval", *models, "--suite", suite, *options, "--shard", "9/4")
    assert done.returncode == 2
    assert set(re.findall(r"--([a-z-]+) has no effect: \S", done.stderr)) == without_effect
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_options_of_another_suite_are_refused_together(zerosight: CommandLine) -> None:
    wrong = ["--backend", "nonsense", "--judge", "x#y", "--data", "/no/such/folder", "--limit", "1", "--shard", "9/4"]
    done = zerosight("eval", "embedded", "--suite", "heldout", "--items", "15", *wrong, "--json")
    assert done.returncode == 2 and done.stdout == ""
    for reason in (
        "unknown backend 'nonsense' (allowed: hf, vllm)",
        "--judge has no effect: the replies to --suite heldout are scored by rules alone",
        "--data has no effect: it is the folder of published benchmarks",
        "--limit has no effect: the number of held-out items is --items",
        "--shard is I/N with I from 1 to N",
    ):
        assert reason in done.stderr


@pytest.mark.parametrize("assignment", ["effort", "=low", "a=[1"])
def test_a_field_that_is_none_is_refused(zerosight: CommandLine, assignment: str) -> None:
    done = zerosight("eval", URL, "--suite", "own", "--body", assignment)
    assert done.returncode == 2 and "--body" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_dry_run_prints_the_first_prompt_and_asks_nothing(printed: Printed, tmp_path: Path) -> None:
    text = printed("eval", URL, "--suite", "own,heldout", "--env", "shapes/Canvas-v1", "--items", "5", "--dry-run")
    assert "Zerosight held-out items, version 1 (zerosight/heldout-v1)" in text
    assert "[system] Look at the picture" in text and "1 pictures, at most 160 new tokens, answer: " in text
    assert "Held-out items of a run (heldout)" in text and "Answer with a whole number." in text
    short = printed("eval", "embedded", "--suite", "own", "--env", "shapes/Canvas-v1", "--dry-run")
    assert "at most 64 new tokens" in short and "(a number)" in short, "the embedded model is asked in its own style"
    assert not (tmp_path / "evaluation" / "results.json").exists()


def test_heldout_items_are_asked_as_a_run_asks_them(printed: Printed, tmp_path: Path) -> None:
    from zerosight.train.heldout import evaluate, heldout_suite
    from zerosight.train.models.load import EMBEDDED_SEED
    from zerosight.train.models.policy import Policy
    from zerosight.train.session import taught_forms

    body = json.loads(printed("eval", "embedded", "--items", "45", "--json"))
    measured = evaluate(Policy.load(EMBEDDED_SEED), heldout_suite(["shapes/Canvas-v1"], 45), taught_forms("embedded"))
    assert {name: body[name] for name in measured} == measured
    assert set(body["benchmarks"]) == {"heldout", "heldout+blind"}
    (sighted,), (blind,) = (body["benchmarks"][name]["models"] for name in ("heldout", "heldout+blind"))
    assert sighted["figures"]["overall"]["value"] == measured["overall"]["accuracy"]
    assert blind["figures"]["overall"]["value"] == measured["overall"]["blind"]
    assert (tmp_path / "evaluation" / "page.html").is_file()


def test_two_models_are_compared_on_heldout_items(printed: Printed) -> None:
    text = printed("eval", "embedded", "embedded", "--items", "15")
    assert "heldout: embedded minus embedded: +0.0 points" in text


def test_a_dead_server_exits_with_1(zerosight: CommandLine) -> None:
    done = zerosight("eval", URL, "--suite", "own", "--limit", "1")
    assert done.returncode == 1
    assert "no question could be asked" in done.stderr


def test_a_server_that_refuses_a_part_exits_with_3_and_all_of_it_with_1(
    zerosight: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "benchmarks")
    from toy_server import ToyServer

    server = ToyServer()
    try:
        only = ["--suite", "own", "--env", "shapes/Canvas-v1", "--limit", "4"]
        assert zerosight("eval", f"{server.url}#m", *only, "--out", "all").returncode == 0
        question = server.bodies[0]["messages"][-1]["content"][-1]["text"]
        server.refused = (question,)
        done = zerosight("eval", f"{server.url}#m", *only, "--out", "part")
        assert done.returncode == 3, done.stdout + done.stderr
        assert "a part of the questions could not be asked" in done.stderr
        server.refused = ("",)
        assert zerosight("eval", f"{server.url}#m", *only, "--out", "none", "--json").returncode == 1
    finally:
        server.close()


def test_bench_list_names_what_eval_takes(printed: Printed) -> None:
    found = json.loads(printed("bench", "list", "--json"))
    own = next(entry for entry in found if entry["name"] == "zerosight/heldout-v1")
    assert own["groups"] == ["own"] and own["data"] == "made here"
    assert "zerosight/heldout-v1" in printed("bench", "list")


def test_bench_export_writes_a_task(printed: Printed, tmp_path: Path) -> None:
    folder = tmp_path / "task"
    printed("bench", "export", str(folder), "--to", "lmms-eval", "--env", "shapes/Canvas-v1", "--limit", "3")
    assert {path.name for path in folder.iterdir()} == {
        "answers", "utils.py", "zerosight_heldout_v1.parquet", "zerosight_heldout_v1.yaml",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/2/3", "-1/2"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(EvaluationError, match="such as 2/4"):
        shard_of(text)
    assert shard_of("2/4") == (2, 4)


def test_a_data_set_of_ones_own(printed: Printed, zerosight: CommandLine, tmp_path: Path) -> None:
    from PIL import Image

    data = tmp_path / "mine"
    data.mkdir()
    Image.new("RGB", (32, 32), "red").save(data / "a.png")
    rows = [{"ask": "Which colour?", "image": "a.png", "A": "red", "B": "blue", "answer": "A"}] * 2
    (data / "rows.jsonl").write_text("".join(json.dumps(row | {"id": n}) + "\n" for n, row in enumerate(rows)))
    given = ["--dataset", str(data), "--column", "question=ask", "--tokens", "4"]
    prompt = printed("eval", "embedded", *given, "--template", "{question}\\nFrom {letters}.", "--dry-run")
    assert "mine (your data) (data/mine, protocol yours)" in prompt and "Which colour?\nFrom A, B.\n" in prompt
    body = json.loads(printed("eval", "embedded", *given, "--json"))
    (model,) = body["benchmarks"]["data/mine"]["models"]
    assert (model["answered"], model["failed"]) == (2, 0) and body["benchmarks"]["data/mine"]["chance"] == 0.5
    done = zerosight("eval", "embedded", *given, "--column", "image=pic")
    assert done.returncode == 2 and "--column image=pic: there is no such column" in done.stderr


def test_one_command_asks_on_several_gpus(printed: Printed, zerosight: CommandLine) -> None:
    """There is no GPU here: the processes are told of theirs and run on the processor."""
    arguments = ["eval", "embedded", *OWN, "--limit", "8", "--batch", "2", "--out"]
    alone = json.loads(printed(*arguments, "one", "--json"))
    together = json.loads(printed(*arguments, "two", "--gpus", "2", "--json"))
    assert together == alone
    assert len(list(Path("two/cache").rglob("answers-*-of-2.jsonl"))) == 2
    assert not list(Path("two/cache").rglob("answers.jsonl")), "nothing was left to ask"
    broken = zerosight(*arguments, "three", "--gpus", "2", "--data", "/no/such/folder", "--json")
    assert broken.returncode == 2
