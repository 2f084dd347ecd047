"""Phases, rolling ahead, the end by SIGTERM, the full disk."""

import errno
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from test_resume import command, logged, outcome

from zerosight.envs import InfrastructureError
from zerosight.render.drawing import Pools
from zerosight.train.config import ConfigError, RunConfig, build
from zerosight.train.learning.processes import Together
from zerosight.train.loop import Evolution, Terminated
from zerosight.train.models.policy import Policy
from zerosight.train.phases import phase_at
from zerosight.train.rollouts import Draw, drawn_by
from zerosight.train.runs.store import Run, RunError

SMALL = {
    "steps": 4,
    "checkpoint_every": 2,
    "seed": 5,
    "rollout": {"num_briefings": 2, "num_proposals": 2, "num_programs": 2, "num_answers": 4, "items_per_step": 6},
    "evaluation": {"heldout_items": 24, "coding_briefings": 4},
}


@pytest.fixture(scope="module")
def draw() -> Iterator[Draw]:
    with Pools(1) as pools:
        yield drawn_by(pools)


def small(**changes: Any) -> RunConfig:
    return build(SMALL | changes)


def steps_of(run: Run) -> list[dict[str, Any]]:
    return [{k: v for k, v in entry.items() if not k.startswith("time/")} for entry in run.metrics()]


def weights(policy: Policy) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in policy.trainable().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_phases_follow_one_another() -> None:
    phases = [{"roles": ["proposer"], "steps": 2}, {"roles": ["coder", "solver"], "steps": 1}]
    config = small(phases=phases)
    turns = [phase_at(config, step).roles for step in range(7)]
    assert turns == [("proposer",), ("proposer",), ("coder", "solver")] * 2 + [("proposer",)]


def test_only_the_phases_role_learns(draw: Draw, tmp_path: Path) -> None:
    phases = [{"roles": ["solver"], "steps": 1}, {"roles": ["proposer"], "steps": 1}]
    run = Run.create(
        tmp_path / "run",
        small(phases=phases, sharing="lora", lora_rank=2, rollout=SMALL["rollout"] | {"num_answers": 16}),
    )
    evolution = Evolution(run, draw)
    for role in ("solver", "proposer"):
        before = weights(evolution.policy)
        evolution.one_step()
        changed = {name for name, p in evolution.policy.trainable().items() if not torch.equal(p, before[name])}
        assert all(f".{role}." in name for name in changed)
        assert changed or role == "proposer", "the Solver's answers differ, so that it must learn"


@pytest.mark.parametrize("ahead", [1, 3])
def test_rolling_ahead_is_exact_and_resumes_exactly(ahead: int, draw: Draw, tmp_path: Path) -> None:
    config = small(max_off_policy_steps=ahead, checkpoint_every=1, steps=5)
    whole, broken = (Run.create(tmp_path / name, config) for name in ("whole", "broken"))
    first = Evolution(whole, draw)
    first.evolve(lambda _: None)
    for steps in (2, 3):
        second = Evolution(broken, draw)
        # Leaves as a kill would: nothing but the files stays.
        for _ in range(steps):
            broken.log(second.one_step())
            second.checkpoint()
        second.close()
    assert steps_of(broken) == steps_of(whole)
    assert same(weights(second.policy), weights(first.policy))
    joint = Run.create(tmp_path / "joint", small(steps=ahead + 2))
    Evolution(joint, draw).evolve(lambda _: None)
    assert steps_of(joint)[0] == steps_of(whole)[0]
    assert steps_of(joint)[1:] != steps_of(whole)[1 : ahead + 2]


def test_a_step_is_rolled_out_from_what_there_was_so_many_steps_before(draw: Draw, tmp_path: Path) -> None:
    evolution = Evolution(Run.create(tmp_path / "run", small(max_off_policy_steps=2)), draw)
    begun: list[tuple[int, int]] = []
    assert evolution._rolls is not None
    one = evolution._rolls._one
    evolution._rolls._one = lambda step, snapshot: (begun.append((step, snapshot.after)), one(step, snapshot))[1]  # type: ignore[method-assign]
    evolution.evolve(lambda _: None)
    assert begun == [(0, 0), (1, 0), (2, 0), (3, 1)]


def test_an_algorithm_that_tunes_itself_before_a_rollout_is_not_rolled_out_ahead(draw: Draw, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"m-star tunes itself.*max_off_policy_steps=0"):
        Evolution(Run.create(tmp_path / "run", small(max_off_policy_steps=1, algorithm="m-star")), draw)


def test_ahead_samples_with_weights_one_update_old(draw: Draw, tmp_path: Path) -> None:
    evolution = Evolution(Run.create(tmp_path / "run", small(max_off_policy_steps=1)), draw)
    before = weights(evolution.policy)
    evolution.one_step()
    assert same(weights(evolution._sampler), before)
    assert not same(weights(evolution.policy), before)
    gap = evolution.one_step()["solver/logprob_gap"]
    evolution.close()
    assert gap > 1e-4, "the second step's rollouts came from the first step's weights"


def test_ahead_with_several_processes_is_refused(draw: Draw, tmp_path: Path) -> None:
    processes = Together.__new__(Together)
    processes.size = 2
    with pytest.raises(ConfigError, match=r"max_off_policy_steps: 1 needs a single process.*max_off_policy_steps=0"):
        Evolution(Run.create(tmp_path / "run", small(max_off_policy_steps=1)), draw, processes)


@pytest.mark.parametrize("kind", ["goldilocks", "spatialevo", "sec", "progress", "regret", "replay"])
def test_a_run_of_each_curriculum_resumes_exactly(kind: str, draw: Draw, tmp_path: Path) -> None:
    config = small(curriculum={"kind": kind}, steps=3, checkpoint_every=1)
    whole, broken = (Run.create(tmp_path / name, config) for name in ("whole", "broken"))
    first = Evolution(whole, draw)
    first.evolve(lambda _: None)
    begun = Evolution(broken, draw)
    for number in range(2):
        broken.log(begun.one_step())
        if number == 0:
            begun.checkpoint()
    second = Evolution(broken, draw)
    assert second.step == 1, "the second step was logged, but is not in a checkpoint"
    second.evolve(lambda _: None)
    assert steps_of(broken) == steps_of(whole)
    assert second.curriculum.state() == first.curriculum.state()
    assert same(weights(second.policy), weights(first.policy))


def test_terminate_while_rolling_out_keeps_the_last_step(draw: Draw, tmp_path: Path) -> None:
    whole, ended = (Run.create(tmp_path / name, small()) for name in ("whole", "ended"))
    Evolution(whole, draw).evolve(lambda _: None)
    evolution = Evolution(ended, draw)
    answer = evolution.episodes.answer

    def at_the_third(*arguments: Any) -> None:
        answer(*arguments)
        if evolution.step == 2:
            evolution.terminate()

    evolution.episodes.answer = at_the_third  # type: ignore[method-assign]
    with pytest.raises(Terminated, match="after step 2"):
        evolution.evolve(lambda _: None)
    Evolution(ended, draw).evolve(lambda _: None)
    assert steps_of(ended) == steps_of(whole)


def test_terminate_while_learning_ends_after_the_step(draw: Draw, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", small(checkpoint_every=4))
    evolution = Evolution(run, draw)
    evolution.learner.optimizer.register_step_pre_hook(lambda *_: evolution.terminate())
    with pytest.raises(Terminated, match="after step 1"):
        evolution.evolve(lambda _: None)
    assert [path.name for path in run.checkpoints()] == ["step_000001"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_within_half_a_minute_and_it_resumes(number: signal.Signals, tmp_path: Path) -> None:
    whole, ended = tmp_path / "whole", tmp_path / "ended"
    subprocess.run(command(whole, False), check=True, capture_output=True, timeout=240)
    process = subprocess.Popen(command(ended, False), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 200
    while logged(ended) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    began = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert process.returncode == 128 + number
    assert f"by {number.name}" in said
    assert "--resume" in said
    subprocess.run(command(ended, True), check=True, capture_output=True, timeout=240)
    assert outcome(ended) == outcome(whole)


def test_a_full_disk_loses_no_checkpoint_and_says_what_to_do(
    draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(tmp_path / "run", small())
    evolution = Evolution(run, draw)
    evolution.step = 2
    evolution.checkpoint()
    evolution.step = 4

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(RunError, match=r"step 4 cannot be written.*No space left.*make room.*--resume"):
        evolution.checkpoint()
    assert [path.name for path in run.checkpoints()] == ["step_000002"]
    assert not list((run.folder / "checkpoints").glob(".*"))
    assert Evolution(run, draw).step == 2


def test_a_step_whose_workers_are_killed_again_and_again_scores_nobody_wrongly(tmp_path: Path) -> None:
    def one_step(name: str, kill: int) -> tuple[dict[str, Any], Evolution]:
        with Pools(1) as pools:
            left = [kill]

            def draw(env: Any, programs: Any) -> Any:
                if left[0]:
                    left[0] -= 1
                    pools.draw("svg", ["<svg/>"], 64)
                    for pid in pools._pool("svg").pids:
                        os.kill(pid, signal.SIGKILL)
                return env.draw(pools, programs)

            evolution = Evolution(Run.create(tmp_path / name, small()), draw)
            return evolution.one_step(), evolution

    plain, first = one_step("plain", 0)
    killed, second = one_step("killed", 3)
    for metrics in (plain, killed):
        metrics.pop("time/rollout"), metrics.pop("time/learn")
    assert killed == plain, "what was lost is drawn again, and nothing of it is seen in any score"
    assert killed["infrastructure_errors"] == 0
    assert same(weights(second.policy), weights(first.policy))


def test_a_step_whose_workers_never_come_back_is_kept_out_of_every_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zerosight.render.sandbox.paths.sys.executable", "/bin/false")
    with Pools(1) as pools:
        evolution = Evolution(Run.create(tmp_path / "run", small()), drawn_by(pools))
        metrics = evolution.one_step()
        with pytest.raises(InfrastructureError, match=r"in 3 steps in a row: .*does not start.*doctor.*--resume"):
            evolution.evolve(lambda _: None)
    assert evolution.step == 2, "the run does not go on without pictures"
    assert metrics["infrastructure_errors"] >= metrics["programs"] > 0
    assert "coder/reward" not in metrics, "no program is scored"
    kept = [drawing for rollout in evolution.run.rollouts(1) for drawing in rollout["programs"]]
    assert kept and all("does not start" in drawing["failed"] and drawing["spec_check"] is None for drawing in kept)
