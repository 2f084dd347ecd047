"""The run directory: refuses what it cannot use, and drops what a kill left half done."""

from pathlib import Path

import pytest

from zerosight.train.config import LearningConfig, RunConfig
from zerosight.train.learning.learner import Learner
from zerosight.train.models.policy import Policy
from zerosight.train.runs.store import Run, RunError, load_trained, write_atomically


@pytest.fixture
def run(tmp_path: Path, tiny_folder: Path) -> Run:
    return Run.create(tmp_path / "run", RunConfig(model=str(tiny_folder), keep_checkpoints=2))


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"is not empty; choose another with --out, or continue it with --resume"):
        Run.create(tmp_path, RunConfig())
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(RunError, match="is not empty"):
        Run.create(tmp_path / "notes.txt", RunConfig())


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is not a run directory \(it has no config.yaml\)"):
        Run.open(tmp_path)


def test_a_line_cut_short_by_a_kill_is_no_step(run: Run) -> None:
    run.log({"step": 1})
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "solve')
    assert run.metrics() == [{"step": 1}]


def test_restoring_forgets_what_came_after_the_checkpoint(run: Run, tiny: Policy) -> None:
    learner = Learner(tiny, LearningConfig(), 4)
    for step in (1, 2, 3):
        run.log({"step": step})
        run.keep_rollouts(step, [{"n": step}])
        if step == 2:
            run.checkpoint(step, tiny, learner, {"mark": "here"})
    state = run.restore(tiny, learner)
    assert state == {"step": 2, "mark": "here"}
    assert [entry["step"] for entry in run.metrics()] == [1, 2]
    assert run.rollouts(2) == [{"n": 2}]
    assert run.rollouts(3) == []


def test_only_the_newest_checkpoints_are_kept(run: Run, tiny: Policy) -> None:
    learner = Learner(tiny, LearningConfig(), 4)
    for step in (1, 2, 3, 4):
        run.checkpoint(step, tiny, learner, {})
    assert [path.name for path in run.checkpoints()] == ["step_000003", "step_000004"]
    assert load_trained(run.folder).tokenizer.eos_token == "<eos>"


@pytest.mark.parametrize("name", ["learner.pt", "state.json", "model.safetensors"])
def test_a_corrupt_checkpoint_is_named_with_the_way_back(name: str, run: Run, tiny: Policy) -> None:
    learner = Learner(tiny, LearningConfig(), 4)
    folder = run.checkpoint(1, tiny, learner, {})
    (folder / name).write_bytes(b"\x00garbage")
    with pytest.raises(RunError, match=r"step_000001 cannot be read .*delete that folder and resume again") as caught:
        run.restore(tiny, learner)
    assert "\n" not in str(caught.value)


def test_a_half_written_checkpoint_is_none(run: Run, tiny: Policy) -> None:
    (run.folder / "checkpoints" / ".step_000007.part").mkdir(parents=True)
    assert run.checkpoints() == []
    assert run.restore(tiny, Learner(tiny, LearningConfig(), 4)) is None
    with pytest.raises(RunError, match="has no checkpoint yet"):
        load_trained(run.folder)


def test_files_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file"]
