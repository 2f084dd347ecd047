"""The run directory: refuses what it cannot use, and drops what a kill left half done."""

from pathlib import Path

import pytest
import torch

from zerosight.train.config import LearningConfig, RunConfig
from zerosight.train.learning.learner import Learner
from zerosight.train.models.policy import Policy
from zerosight.train.runs import reading
from zerosight.train.runs.store import Run, RunError, load_trained, newest_checkpoint, write_atomically


@pytest.fixture(autouse=True)
def warn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WARNINGS", set())


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


FILES = ["learner.pt", "state.json", "model.safetensors", "checksums.json"]


def spoil(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        content[len(content) // 2] ^= 0x40
        path.write_bytes(content)
    elif how == "garbage":
        path.write_bytes(b"\x00garbage")
    else:
        path.unlink()


# Without its checksums a checkpoint is one of an earlier version, which wrote none.
DAMAGES = [(name, how) for name in FILES for how in ("cut", "flipped", "garbage", "gone")]
DAMAGES.remove(("checksums.json", "gone"))


@pytest.mark.parametrize(("name", "how"), DAMAGES)
def test_the_checkpoint_before_a_damaged_one_is_gone_on_with(
    name: str, how: str, run: Run, tiny: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    learner = Learner(tiny, LearningConfig(), 4)
    for step in (1, 2):
        run.log({"step": step})
        with torch.no_grad():
            tiny.model.lm_head.weight.fill_(step)
        run.checkpoint(step, tiny, learner, {"mark": step})
    spoil(run.folder / "checkpoints" / "step_000002" / name, how)
    assert newest_checkpoint(run.folder).name == "step_000001"
    state = run.restore(tiny, learner)
    assert state == {"step": 1, "mark": 1}
    assert float(tiny.model.lm_head.weight[0, 0].detach()) == 1.0
    assert [entry["step"] for entry in run.metrics()] == [1]
    assert [path.name for path in run.checkpoints()] == ["step_000001"]
    warnings = [record.getMessage() for record in caplog.records]
    assert any("step_000002" in w and "step_000001, the one before, is gone on with" in w for w in warnings)
    assert not any("\n" in w for w in warnings)
    # What was put aside is in nobody's way when its step comes again.
    run.checkpoint(2, tiny, learner, {"mark": 2})
    assert run.restore(tiny, learner) == {"step": 2, "mark": 2}


@pytest.mark.parametrize("name", FILES)
def test_a_run_without_an_intact_checkpoint_says_what_is_wrong_in_one_line(name: str, run: Run, tiny: Policy) -> None:
    learner = Learner(tiny, LearningConfig(), 4)
    spoil(run.checkpoint(1, tiny, learner, {}) / name, "cut")
    message = rf"no checkpoint of .* can be read \(step_000001: {name}.*\); put the folder back from a copy"
    for act in (lambda: run.restore(tiny, learner), lambda: load_trained(run.folder)):
        with pytest.raises(RunError, match=message) as caught:
            act()
        assert "\n" not in str(caught.value)


def test_a_checkpoint_without_checksums_is_read_as_before(run: Run, tiny: Policy) -> None:
    learner = Learner(tiny, LearningConfig(), 4)
    folder = run.checkpoint(1, tiny, learner, {})
    (folder / "checksums.json").unlink()
    assert run.restore(tiny, learner) == {"step": 1}
    (folder / "learner.pt").write_bytes(b"\x00garbage")
    with pytest.raises(RunError, match=r"no checkpoint of .* can be read"):
        run.restore(tiny, learner)


def test_a_damaged_best_checkpoint_is_not_loaded(run: Run, tiny: Policy) -> None:
    best = Run(run.folder, run.config.model_copy(update={"keep_best": "solve_rate"}))
    write_atomically(run.folder / "config.yaml", best.config.to_yaml().encode())
    best.log({"step": 1, "solve_rate": 0.5})
    spoil(best.checkpoint(1, tiny, Learner(tiny, LearningConfig(), 4), {}) / "model.safetensors", "flipped")
    with pytest.raises(RunError, match=r"step_000001 cannot be read \(model.safetensors does not have the bytes"):
        load_trained(run.folder, best=True)


@pytest.mark.parametrize(
    "line",
    ["{", "not json", "[1, 2]", "null", '"step"', '{"solve_rate": 0.5}', '{"step": "2"}', '{"step": true}',
     '{"step": 2, "arms": [1]}', '{"step": 2, "arms": {"count": 0.5}}', '{"step": 2, "rejected": {"a/b": "many"}}',
     '{"step": 2, "time/learn": "long"}', "[" * 100_000, "\ufffd\udc80"],
)  # fmt: skip
def test_a_damaged_metrics_line_costs_that_step_and_one_warning(
    line: str, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.log({"step": 1})
    with (run.folder / "metrics.jsonl").open("ab") as file:
        file.write(line.encode("utf-8", "surrogatepass") + b"\n")
    run.log({"step": 3})
    for _ in range(3):
        assert run.metrics() == [{"step": 1}, {"step": 3}]
    [warning] = [record.getMessage() for record in caplog.records]
    assert "metrics.jsonl: 1 of 4 lines cannot be read (line 2); those steps are missing" in warning


def test_a_damaged_rollout_or_evaluation_costs_itself_alone(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    run.keep_rollouts(1, [{"n": 1}, {"n": 2}])
    path = run.folder / "rollouts" / "step_000001.jsonl"
    path.write_text(path.read_text() + "{cut\n[]\n")
    assert run.rollouts(1) == [{"n": 1}, {"n": 2}]
    for text in ("", "{", "[]", '{"overall": 3}', '{"overall": {"accuracy": "high", "blind": 0.5}}', "[" * 100_000):
        write_atomically(run.folder / "evaluations" / "end.json", text.encode())
        assert run.evaluation("end") is None
    assert any("end.json was cut or is of another shape; zerosight evolve --resume" in r.getMessage()
               for r in caplog.records)  # fmt: skip
    run.keep_evaluation("end", {"overall": {"accuracy": 0.5, "blind": 0.25}})
    assert run.evaluation("end") == {"overall": {"accuracy": 0.5, "blind": 0.25}}


def test_a_configuration_that_is_not_text_is_one_line(run: Run) -> None:
    (run.folder / "config.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match=r"config.yaml is not text"):
        Run.open(run.folder)


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
