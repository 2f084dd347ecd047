"""The command line as a person meets it: bad input is one line with the fix, never a traceback."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CommandLine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evolve", "zerosite"], "unknown recipe 'zerosite'; did you mean 'zerosight'?"),
        (["evolve", "--set", "paper_compat=[fast]"], "unknown paper_compat switch 'fast'"),
        (["evolve", "--from", "nowhere"], "nowhere is not a run directory"),
        (["recipe", "show", "mm-zro"], "unknown recipe 'mm-zro'; did you mean 'mm-zero'?"),
        (["compare", "nowhere"], "a comparison takes 2 to 6 runs, got 1"),
        (["compare", "nowhere", "no"], "nowhere is not a run directory"),
        (["evolve", "--set", "stepz=3"], "unknown option 'stepz'; did you mean 'steps'?"),
        (["evolve", "--set", "steps"], "cannot read 'steps'; write --set key=value"),
        (
            ["evolve", "--set", "envs=[shape/Canvas-v1]"],
            "unknown environment 'shape/Canvas-v1'; did you mean 'shapes/Canvas-v1'?",
        ),
        (["evolve", "--resume", "nowhere"], "nowhere is not a run directory"),
        (["evolve", "--set", "model=no/where"], "no model at 'no/where'"),
        (["env", "show", "shape/Canvas-v1"], "did you mean 'shapes/Canvas-v1'?"),
        (["env", "sample", "shapes/Canvas-v1", "--task", "colors"], "unknown task 'colors'; did you mean 'colour'?"),
        (["env", "sample", "shapes/Canvas-v1", "--difficulty", "9"], "unknown difficulty 9"),
        (["env", "sample", "shapes/Canvas-v1", "--split", "test"], "unknown split 'test'"),
        (["eval", "embedded", "--suite", "vsi"], "unknown suite 'vsi'"),
        (["report", "nowhere"], "nowhere is not a run directory"),
        (["env", "sample", "shapes/Canvas-v1@/tmp"], "shapes/Canvas-v1 is not made of a folder"),
        (["env", "sample", "spatial/Rooms-v1@/nowhere"], "/nowhere: is no folder"),
        (["env", "schema", "shapes/Canvas"], "unknown environment 'shapes/Canvas'; did you mean 'shapes/Canvas-v"),
        (["env", "new", "My World"], "'My World' is no package name: lower case, digits and hyphens; try 'my-world'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_with_the_fix(zerosight: CommandLine, arguments: list[str], message: str) -> None:
    done = zerosight(*arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_process_of_its_own_says_and_ends_alike(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zerosight.cli", "env", "show", "shape/Canvas-v1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert "did you mean 'shapes/Canvas-v1'?" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_worlds_are_looked_at_without_loading_what_models_need() -> None:
    code = """
import sys
from zerosight.cli import main
sys.argv[1:] = ["env", "show", "shapes/Canvas-v1"]
try:
    main()
finally:
    print([name for name in ("torch", "transformers") if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and done.stderr.strip() == "[]", done.stderr


def test_a_demanded_layer_that_is_missing_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zerosight.cli", "evolve", "--set", "sandbox.required=[limits, namespaces]"]
    # Without a PATH there is no bubblewrap to be found.
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={"PATH": ""}, check=False)
    assert done.returncode == 2
    assert "namespaces: bubblewrap is missing: apt-get install bubblewrap" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_empty_is_left_alone(zerosight: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = zerosight("evolve", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_resume_takes_no_other_settings(zerosight: CommandLine, tmp_path: Path) -> None:
    done = zerosight("evolve", "--resume", str(tmp_path), "--set", "steps=3")
    assert done.returncode == 2
    assert "--resume continues a run as it was configured" in done.stderr


def test_env_list_as_json(zerosight: CommandLine) -> None:
    done = zerosight("env", "list", "--json")
    found = {env["id"]: env for env in json.loads(done.stdout)}
    assert "shapes/Canvas-v1" in found
    assert found["shapes/Canvas-v1"]["tasks"]["exists"]["chance"] == 0.5


def test_env_sample_writes_a_page(zerosight: CommandLine, tmp_path: Path) -> None:
    done = zerosight("env", "sample", "shapes/Canvas-v1", "--n", "4", "--out", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 4


def test_env_check_holds_and_exits_0(zerosight: CommandLine) -> None:
    done = zerosight("env", "check", "shapes/Canvas-v1", "--n", "3", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(result["holds"] for result in json.loads(done.stdout))


def test_eval_of_the_seed_as_json(zerosight: CommandLine) -> None:
    done = zerosight("eval", "embedded", "--items", "30", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["overall"]["items"] == 30
    assert 0 <= result["overall"]["blind"] <= 1


def test_recipes_are_listed_and_shown(zerosight: CommandLine) -> None:
    listed = json.loads(zerosight("recipe", "list", "--json").stdout)
    assert {"zerosight", "mm-zero", "eve", "spatialevo"} <= {entry["name"] for entry in listed}
    shown = json.loads(zerosight("recipe", "show", "mm-zero", "--json").stdout)
    assert "arXiv 2603.09206" in shown["about"] and shown["changes"]["labels.source"] == "majority"
    text = zerosight("recipe", "show", "eve").stdout
    assert "last_only: " in text and "zerosight evolve eve" in text
