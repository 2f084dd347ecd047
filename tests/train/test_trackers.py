"""Trackers and the best checkpoint: each step sent once, to whatever still works; the best kept beside the newest."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_schedules import SMALL

from zerosight.render.drawing import Pools
from zerosight.train.config import ConfigError, RunConfig, build
from zerosight.train.loop import Evolution
from zerosight.train.rollouts import Draw, drawn_by
from zerosight.train.runs.export import export
from zerosight.train.runs.store import Run, RunError, load_trained
from zerosight.train.runs.trackers import Trackers, flat


@pytest.fixture(scope="module")
def draw() -> Iterator[Draw]:
    with Pools(1) as pools:
        yield drawn_by(pools)


def step(number: int) -> dict[str, Any]:
    return {"step": number, "solve_rate": 0.1 * number, "arms": {"count/1": 0.5}, "rejected": {}, "grad_norm": None}


def test_figures_are_flat_and_finite() -> None:
    nested = {"step": 2, "a": {"b/1": 1, "c": {"d": 0.5}}, "e": float("nan"), "f": None, "g": "text", "h": True}
    assert flat(nested) == {"a/b/1": 1.0, "a/c/d": 0.5, "h": 1.0}


# --- the real TensorBoard -------------------------------------------------------------------------------------------


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = events.EventAccumulator(str(folder / "tensorboard"))
    found.Reload()
    return [(e.step, tag, e.value) for tag in found.Tags()["scalars"] for e in found.Scalars(tag)]


def test_tensorboard_has_every_step_once_over_a_resume(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    config = RunConfig(trackers=("tensorboard",))
    first = Trackers(tmp_path, config)
    for number in (1, 2, 3):
        first.send(step(number))
    # Killed here; the resumed run goes back to a checkpoint at step 1.
    second = Trackers(tmp_path, config)
    for number in (2, 3, 4):
        second.send(step(number))
    second.close()
    rates = [(number, round(value, 3)) for number, tag, value in scalars(tmp_path) if tag == "solve_rate"]
    assert sorted(rates) == [(1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4)]
    assert {tag for _, tag, _ in scalars(tmp_path)} == {"solve_rate", "arms/count/1"}


def test_held_out_results_are_sent_once(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    result = {"overall": {"accuracy": 0.5, "blind": 0.25, "items": 4}, "tasks": {"count": {"accuracy": 0.75}}}
    for _ in range(2):
        trackers = Trackers(tmp_path, RunConfig(trackers=("tensorboard",)))
        trackers.send_evaluation("start", 0, result)
        trackers.send_evaluation("end", 9, result)
        trackers.close()
    values = {tag: value for _, tag, value in scalars(tmp_path)}
    assert values == {"heldout/accuracy": 0.5, "heldout/blind": 0.25, "heldout/tasks/count": 0.75}
    assert sorted(number for number, tag, _ in scalars(tmp_path) if tag == "heldout/accuracy") == [0, 9]


# --- services, by modules that record what they are told ------------------------------------------------------------


class Service:
    """Stands for wandb and trackio: remembers calls, and fails when told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.broken = False

    def init(self, **options: Any) -> Any:
        self.calls.append(("init", options))
        return SimpleNamespace(id=options.get("id", "run-7"), log=self.log)

    def log(self, figures: dict[str, float], step: int) -> None:
        if self.broken:
            raise ConnectionError("the service is gone")
        self.calls.append(("log", step, figures))

    def finish(self) -> None:
        self.calls.append(("finish",))


class Mlflow(Service):
    """Stands for mlflow."""

    def set_experiment(self, name: str) -> None:
        self.calls.append(("experiment", name))

    def start_run(self, run_id: str | None = None, run_name: str | None = None) -> Any:
        self.calls.append(("start", run_id, run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id="ml-3"))

    def log_params(self, values: dict[str, str]) -> None:
        self.calls.append(("params", len(values)))

    def log_metrics(self, figures: dict[str, float], step: int) -> None:
        self.log(figures, step)

    def end_run(self) -> None:
        self.finish()


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_a_resumed_run_continues_the_services_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    monkeypatch.setitem(sys.modules, name, service)
    config = RunConfig(trackers=(name,), project="eyes", seed=4)  # type: ignore[arg-type]
    for steps in ((1, 2), (2, 3)):
        trackers = Trackers(tmp_path, config)
        for number in steps:
            trackers.send(step(number))
        trackers.close()
    begun = [call[1] for call in service.calls if call[0] == "init"]
    assert [call["project"] for call in begun] == ["eyes", "eyes"] and begun[0]["config"]["seed"] == 4
    assert all(call["resume"] == "allow" and call["name"] == tmp_path.name for call in begun)
    assert [call.get("id") for call in begun] == ([None, "run-7"] if name == "wandb" else [None, None])
    assert [call[1] for call in service.calls if call[0] == "log"] == [1, 2, 3], "no step twice"
    assert service.calls.count(("finish",)) == 2


def test_mlflow_is_continued_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Mlflow()
    monkeypatch.setitem(sys.modules, "mlflow", service)
    for number in (1, 2):
        trackers = Trackers(tmp_path, RunConfig(trackers=("mlflow",)))
        trackers.send(step(number))
        trackers.close()
    assert [call[1:] for call in service.calls if call[0] == "start"] == [(None, tmp_path.name), ("ml-3", None)]
    assert [call[1] for call in service.calls if call[0] == "log"] == [1, 2]
    assert sum(call[0] == "params" for call in service.calls) == 1


def test_a_tracker_that_fails_is_left_alone_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, other = Service(), Service()
    monkeypatch.setitem(sys.modules, "wandb", broken)
    monkeypatch.setitem(sys.modules, "trackio", other)
    trackers = Trackers(tmp_path, RunConfig(trackers=("wandb", "trackio")))
    trackers.send(step(1))
    broken.broken = True
    for number in (2, 3):
        trackers.send(step(number))
    assert trackers.failure_texts == {"wandb": "ConnectionError: the service is gone"}
    assert sum("tracker wandb failed" in record.message for record in caplog.records) == 1, "said once"
    assert [call[1] for call in other.calls if call[0] == "log"] == [1, 2, 3]
    assert json.loads((tmp_path / "trackers.json").read_text())["wandb"]["step"] == "1"


def test_a_tracker_that_is_not_installed_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match=r"wandb is not installed.*pip install wandb"):
        Trackers(tmp_path, RunConfig(trackers=("wandb",)))
    with pytest.raises(ConfigError, match=r"did you mean 'tensorboard'"):
        build({"trackers": ["tensorbord"]})


# --- the best checkpoint ----------------------------------------------------------------------------------------------


def test_the_best_checkpoint_stays_beside_the_newest(draw: Draw, tmp_path: Path) -> None:
    best = {"keep_best": "solve_rate", "keep_best_window": 2, "keep_checkpoints": 1}
    run = Run.create(tmp_path / "run", build(SMALL | best))
    evolution = Evolution(run, draw)
    for number, rate in enumerate((0.2, 0.9, 0.8, 0.3, 0.4, None), start=1):
        evolution.step = number
        run.log({"step": number, "solve_rate": rate})
        evolution.checkpoint()
    # Means over two steps: 0.2, 0.55, 0.85, 0.55, 0.35, 0.4.
    assert run.merit(3) == pytest.approx(0.85) and run.merit(6) == pytest.approx(0.4)
    assert [path.name for path in run.checkpoints()] == ["step_000003", "step_000006"]
    assert run.best_checkpoint() == run.checkpoints()[0]
    assert Evolution(run, draw).step == 6, "a resumed run goes on from the newest"
    export(run.folder, tmp_path / "best", best=True)
    assert (tmp_path / "best" / "config.json").exists()


def test_without_a_figure_there_is_no_best(draw: Draw, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", build(SMALL))
    Evolution(run, draw).checkpoint()
    assert run.best_checkpoint() is None
    with pytest.raises(RunError, match=r"keeps no best checkpoint; begin a run with --set keep_best=solve_rate"):
        load_trained(run.folder, best=True)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("solverate", r"no metric is called 'solverate'; did you mean 'solve_rate'\?"), ("dev/accuracy", "dev_items=64")],
)
def test_a_figure_that_is_never_logged_is_said_at_the_first_step(
    wanted: str, message: str, draw: Draw, tmp_path: Path
) -> None:
    evolution = Evolution(Run.create(tmp_path / "run", build(SMALL | {"keep_best": wanted})), draw)
    with pytest.raises(ConfigError, match=message):
        evolution.evolve(lambda _: None)


def test_dev_items_are_answered_at_each_checkpoint_and_sent_to_trackers(draw: Draw, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    evaluation = {"heldout_items": 24, "coding_briefings": 0, "dev_items": 8}
    settings = SMALL | {"evaluation": evaluation, "keep_best": "dev/accuracy", "trackers": ["tensorboard"]}
    run = Run.create(tmp_path / "run", build(settings))
    Evolution(run, draw).evolve(lambda _: None)
    assert ["dev/accuracy" in entry for entry in run.metrics()] == [False, True, False, True]
    assert all(0.0 <= entry.get("dev/accuracy", 0.0) <= 1.0 for entry in run.metrics())
    assert sorted({number for number, _, _ in scalars(run.folder)}) == [1, 2, 3, 4]
    plain = Run.create(tmp_path / "plain", build(SMALL))
    Evolution(plain, draw).evolve(lambda _: None)
    same = [{k: v for k, v in e.items() if not k.startswith(("time/", "dev/"))} for e in run.metrics()]
    assert same == [{k: v for k, v in e.items() if not k.startswith("time/")} for e in plain.metrics()], "no effect"
