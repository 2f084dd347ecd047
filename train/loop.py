"""The loop: roll out, reward, learn, again; resumed exactly from its checkpoints.

Begin at `Evolution.one_step`.
"""

import copy
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..envs import InfrastructureError, SeededRng, make
from ..errors import did_you_mean
from ..render.drawing import Drawn
from .algorithm import Algorithm
from .async_rollouts import Rolled, RollsAhead, snapshot_of
from .config import ConfigError, RunConfig
from .curriculum.base import task_label
from .curriculum.variants import make_curriculum
from .diagnostics import diagnose
from .episodes import Episodes
from .generators import make_generator, push_weights
from .learning.learner import Learner
from .learning.processes import Alone, Processes, SharedGenerator
from .models.completions import Generator
from .phases import algorithm_at, learning_roles, phase_at
from .recipes import algorithm_names, make_algorithm
from .rollouts import AnsweredItem, Draw, ProposalRollout, Trajectory
from .runs.disk import DiskWatch, checkpoint_bytes
from .runs.records import proposal_record, step_metrics
from .runs.store import Run, begin_policy, newest_state
from .runs.trackers import Trackers
from .stalls import StalledRunError, StallWatch
from .validation import validation

LOST_STEPS = 3
"""Steps in a row without a drawing of which our machinery is the cause, at which a run stops."""

Report = Callable[[Mapping[str, Any]], None]
"""Called with each step's metrics."""


class Terminated(BaseException):
    """The process was asked to end by a signal; what is finished has been kept."""

    def __init__(self, message: str, signal_number: int = signal.SIGTERM) -> None:
        super().__init__(message)
        self.signal_number = signal_number


class Evolution:
    """A run in memory: policy, learner, curriculum and the step it stands at.

    With `max_off_policy_steps=k` steps are rolled out beside learning, from the state k steps before (see
    `async_rollouts`).
    """

    def __init__(self, run: Run, draw: Draw, processes: Processes = Alone()) -> None:  # noqa: B008 - it has no state
        config = run.config
        self.run = run
        self.draw = draw
        self.config: RunConfig = config
        self.processes = processes
        _check_processes(config, processes)
        processes.order("begin", run.folder)
        self.policy = begin_policy(config)
        self.learner = Learner(self.policy, config.learning, config.steps, processes)
        self.curriculum = make_curriculum(config.curriculum, [make(env) for env in config.envs])
        self._sampler = copy.deepcopy(self.policy) if config.max_off_policy_steps else self.policy
        self._generator = make_generator(config, self._sampler, run.folder / "engine")
        shared_generator = SharedGenerator(self._generator, processes)
        # A server is asked by the first process alone.
        sampling = shared_generator if processes.size > 1 and config.generator.kind == "hf" else self._generator
        self.algorithms = {name: make_algorithm(name, config) for name in algorithm_names(config)}
        _check_algorithms(config, processes, self.algorithms)
        algorithm = self.algorithms[algorithm_at(config, 0)]
        self.episodes = Episodes(config, self._sampler, sampling, self.curriculum, draw, algorithm)
        self.limits = self.episodes.limits
        self._rolls = self._rolling(draw, sampling) if config.max_off_policy_steps else None
        self.step = 0
        self._is_unbroken = False
        """True while weights are being changed, or rollouts are made beside that."""
        self._stalls = StallWatch(config)
        self._stop_now = False
        self._ended_by: int = signal.SIGTERM
        self._lost = 0
        """Steps in a row of which nothing could be drawn."""
        self._never_alone = bool(config.max_off_policy_steps or processes.sharding)
        """Whether a step cannot be left half done: others roll out beside it, or hold what its checkpoint needs."""
        self._restore()

    def _rolling(self, draw: Draw, sampling: Generator) -> RollsAhead:
        """Return the thread that rolls out ahead, with curriculum and algorithms of its own.

        Args:
            draw: draws programs.
            sampling: samples completions.
        """
        config = self.config
        curriculum = make_curriculum(config.curriculum, [make(env) for env in config.envs])
        algorithms = {name: make_algorithm(name, config) for name in self.algorithms}
        episodes = Episodes(config, self._sampler, sampling, curriculum, draw, algorithms[algorithm_at(config, 0)])

        def take(state: Mapping[str, Any]) -> None:
            curriculum.restore(state["curriculum"])
            restore_algorithms(algorithms, state)

        def roll_out(step: int) -> Rolled:
            return Rolled(self._roll_out(step, episodes, algorithms), Counter(episodes.answer_counts))

        self._rolling_episodes = episodes
        return RollsAhead(self._sampler, take, roll_out, config.max_off_policy_steps, config.steps)

    def _restore(self) -> None:
        state = self.run.restore(self.policy, self.learner)
        self.processes.order("restore")
        if state is None:
            if self.config.start_from is not None:
                self._begin_from(self.config.start_from)
            return
        self.step = state["step"]
        self._take(state)
        self._stalls.recall(self.run.metrics())
        if self._rolls is not None:
            self._rolls.read(self.run.checkpoints()[-1])

    def _begin_from(self, folder: Path) -> None:
        """Take another run's curriculum and what its algorithms remember; its weights are loaded with the policy."""
        state = newest_state(folder)
        own_arms = {(arm.env, arm.task, arm.difficulty) for arm in self.curriculum.arms}
        arms = [a for a in state["curriculum"] if (a["env"], a["task"], a["difficulty"]) in own_arms]
        self._take({**state, "curriculum": arms})

    def _take(self, state: Mapping[str, Any]) -> None:
        self.curriculum.restore(state["curriculum"])
        self.episodes.answer_counts = Counter({tuple(key): count for key, count in state["answer_counts"]})
        restore_algorithms(self.algorithms, state)
        if self._rolls is not None:
            self._rolling_episodes.answer_counts = Counter(self.episodes.answer_counts)

    def _state(self) -> dict[str, Any]:
        answer_counts = [[list(key), count] for key, count in sorted(self.episodes.answer_counts.items())]
        algorithms = {name: algorithm.state() for name, algorithm in self.algorithms.items()}
        return {"curriculum": self.curriculum.state(), "answer_counts": answer_counts, "algorithms": algorithms}

    def _rng(self, step: int) -> SeededRng:
        return SeededRng(("step", self.config.seed, step))

    def _roll_out(self, step: int, episodes: Episodes, algorithms: Mapping[str, Algorithm]) -> list[ProposalRollout]:
        """Roll out a `step` with the sampler's weights as they are now, by `episodes` under the step's algorithm."""
        push_weights(self._generator, self._sampler, self.run.folder / "engine" / "weights", step)
        rng, algorithm = self._rng(step), algorithms[algorithm_at(self.config, step)]
        episodes.algorithm = algorithm
        algorithm.prepare(self, step, rng.child("prepare"))
        return episodes.roll_out(rng)

    def _step_rollouts(self) -> list[ProposalRollout]:
        """Return this step's rollouts: made now, or ahead, with the steps that may be made beside learning begun."""
        if self._rolls is None:
            return self._roll_out(self.step, self.episodes, self.algorithms)
        self._rolls.begin(self.step, snapshot_of(self.step, self.policy, self._state()))
        rollouts, self.episodes.answer_counts = self._rolls.taken(self.step)
        return rollouts

    def evolve(self, report: Report) -> None:
        """Run every step that is left, with a checkpoint each `checkpoint_every` and at the end.

        Args:
            report: called with each step's metrics.

        Raises:
            Terminated: `terminate` was called; the checkpoint of the last finished step has been written.
        """
        trackers = Trackers(self.run.folder, self.config)
        try:
            self._evolve(report, trackers)
        finally:
            trackers.close()
            self.close()
        self.processes.order("stop")

    def _evolve(self, report: Report, trackers: Trackers) -> None:
        trained_weights = [weight for group in self.learner.optimizer.param_groups for weight in group["params"]]
        disk_watch = DiskWatch(self.run.folder, self.config, self.limits.picture_px, checkpoint_bytes(trained_weights))
        disk_watch.look(self.step)
        while self.step < self.config.steps:
            state_before = self._state()
            try:
                metrics = self.one_step()
            except Terminated:
                # Cut off while rolling out: weights and curriculum are the last step's, but some questions of the
                # new one are counted as asked.
                self._take(state_before)
                self.checkpoint()
                raise
            is_checkpoint_due = self.step % self.config.checkpoint_every == 0 or self.step == self.config.steps
            if is_checkpoint_due and self.config.evaluation.dev_items:
                with self._unbroken():
                    metrics["dev/accuracy"] = self.dev_accuracy()
            self._know_best(metrics)
            self.run.log(metrics)
            trackers.send(metrics)
            report(metrics)
            self._note_stall(metrics)
            if self._stop_now or is_checkpoint_due:
                self.checkpoint()
            disk_watch.stepped(self.step)
            if self._stop_now:
                if self.processes.sharding is not None:
                    self.processes.order("stop")
                raise Terminated(f"stopped after step {self.step}", self._ended_by)

    def _note_stall(self, metrics: Mapping[str, Any]) -> None:
        """Say why nothing is learned, where the `metrics` of several steps show it; at last end the run.

        Raises:
            StalledRunError: too many steps in a row taught nothing; the last one's checkpoint has been written.
        """
        try:
            self._stalls.note(metrics, learning_roles(self.config, self.step - 1))
        except StalledRunError:
            self.checkpoint()
            raise

    def _know_best(self, metrics: Mapping[str, Any]) -> None:
        """Refuse a `keep_best` that is not among the `metrics` of the first step, and not at the end."""
        metric = self.config.keep_best
        logged_metrics = [*metrics, *(["dev/accuracy"] if self.config.evaluation.dev_items else [])]
        if not metric or metric in logged_metrics:
            return
        if metric == "dev/accuracy":
            raise ConfigError(
                "keep_best: dev/accuracy is measured with --set evaluation.dev_items=64 or another number"
            )
        if self.step == 1:
            suggestion = did_you_mean(metric, logged_metrics)
            hint = f"{suggestion} " if suggestion else ""
            raise ConfigError(f"keep_best: no metric is called {metric!r}; {hint}(logged: {', '.join(logged_metrics)})")

    def dev_accuracy(self) -> float:
        """Return the sampler's accuracy on items of the `dev` split, answered greedily."""
        dev_items = validation(self.config, self.config.evaluation.dev_items, self.limits.picture_px)
        rng = self._rng(self.step).child("dev")

        def answer() -> None:
            self.answered(dev_items, 1, rng, temperature=0.0)

        if self._rolls is None:
            answer()
        else:
            self._rolls.after_them(answer)
        return sum(dev_item.solve_rate for dev_item in dev_items) / len(dev_items)

    def answered(
        self, answered_items: Sequence[AnsweredItem], n: int, rng: SeededRng, temperature: float | None = None
    ) -> None:
        """Have the Solver answer each item `n` times, in place; by default at the algorithm's temperature."""
        self.episodes.answered(answered_items, n, rng, temperature)

    def terminate(self, signal_number: int = signal.SIGTERM) -> None:
        """End at once, or, where weights are being changed, after the step; called by a signal's handler.

        Args:
            signal_number: of the signal that asked for it.

        Raises:
            Terminated: at once.
        """
        self._stop_now = True
        self._ended_by = signal_number
        if not self._is_unbroken:
            raise Terminated(f"stopped after step {self.step}", signal_number)

    @contextmanager
    def _unbroken(self) -> Iterator[None]:
        """Put off `terminate` until the block is left, by its end or by an exception."""
        outer, self._is_unbroken = self._is_unbroken, True
        try:
            yield
        finally:
            self._is_unbroken = outer

    def one_step(self) -> dict[str, Any]:
        """Roll out, reward and learn once; a pure function of the state before it and of the run's seed."""
        start_time = time.monotonic()
        with self._unbroken() if self._never_alone else nullcontext():
            rollouts = self._step_rollouts()
            rollout_time = time.monotonic() - start_time
            self._notice_lost(rollouts)
            with self._unbroken():
                return self._learn_from(rollouts) | {"time/rollout": rollout_time}

    def _learn_from(self, rollouts: Sequence[ProposalRollout]) -> dict[str, Any]:
        """Reward and learn from the `rollouts` of the present step; returns the step's metrics."""
        start_time, rng = time.monotonic(), self._rng(self.step)
        phase, algorithm = phase_at(self.config, self.step), self.algorithms[algorithm_at(self.config, self.step)]
        if algorithm.needs_policy_eval:
            algorithm.assess(rollouts, self)
        trajectories = self.episodes.trajectories(
            rollouts, max(0, self.learner.version - self.config.max_off_policy_steps), algorithm
        )
        if self.config.shuffle_rewards:
            trajectories = shuffled_rewards(trajectories, rng.child("shuffle"))
        learned_from = [trajectory for trajectory in trajectories if trajectory.role in phase.roles]
        if phase.method == "sft":
            learned_from = algorithm.sft_examples(rollouts, learned_from, self.policy)
        self.processes.order("learn", learned_from, rng.child("learn"), phase.method)
        learner_metrics = self.learner.step(learned_from, rng.child("learn"), phase.method)
        learn_time = time.monotonic() - start_time
        self.episodes.observe(rollouts)
        algorithm.observe(rollouts, self)
        self.step += 1
        self._keep(rollouts)
        metrics = {"step": self.step, **step_metrics(rollouts, trajectories), **learner_metrics}
        metrics |= diagnose(rollouts, trajectories, algorithm)
        metrics |= {
            "arms": {
                f"{task_label(self.config.envs, a.env, a.task)}/{a.difficulty}": round(a.solve_rate, 3)
                for a in self.curriculum.arms
            }
        }
        return metrics | {"time/learn": learn_time}

    def _notice_lost(self, rollouts: Sequence[ProposalRollout]) -> None:
        """Stop a run that goes on without drawing anything.

        Args:
            rollouts: of the step.

        Raises:
            InfrastructureError: the infrastructure failed on every program of several steps in a row.
        """
        outcomes = [program.outcome for rollout in rollouts for program in rollout.program_rollouts]
        failures = [outcome for outcome in outcomes if isinstance(outcome, InfrastructureError)]
        self._lost = self._lost + 1 if failures and len(failures) == len(outcomes) else 0
        if self._lost == LOST_STEPS:
            raise InfrastructureError(
                f"no program could be drawn in {LOST_STEPS} steps in a row: {failures[-1]}; mend that (zerosight "
                f"doctor says what holds here), then go on with --resume {self.run.folder}"
            )

    def _keep(self, rollouts: Sequence[ProposalRollout]) -> None:
        """Write the step's `rollouts` to disk, with the pictures of those that a report may show."""
        self.run.keep_rollouts(self.step, [proposal_record(rollout) for rollout in rollouts])
        if self.step <= 3 or self.step % 10 == 0 or self.step == self.config.steps:
            for rollout in rollouts:
                for program in rollout.program_rollouts:
                    if isinstance(program.outcome, Drawn):
                        self.run.keep_picture(program.outcome.scene.digest, program.outcome.picture)
                for answered_item in rollout.answered_items:
                    self.run.keep_picture(answered_item.item.scene.digest, answered_item.picture)

    def close(self) -> None:
        """Stop rolling out ahead."""
        if self._rolls is not None:
            self._rolls.close()

    def checkpoint(self) -> None:
        """Write everything that later steps depend on."""
        self.run.checkpoint(self.step, self.policy, self.learner, self._state(), self._rolls)


def _check_processes(config: RunConfig, processes: Processes) -> None:
    """Refuse options that need a single process, beside several."""
    if config.max_off_policy_steps and processes.size > 1:
        raise ConfigError(
            f"max_off_policy_steps: {config.max_off_policy_steps} needs a single process; several share each "
            "rollout, so set max_off_policy_steps=0"
        )
    if config.generator.kind == "vllm" and processes.size > 1:
        raise ConfigError(
            "generator.kind=vllm samples in one process; beside several, take generator.kind=vllm-server or hf"
        )


def _check_algorithms(config: RunConfig, processes: Processes, algorithms: Mapping[str, Algorithm]) -> None:
    """Refuse algorithms that need the newest policy, where rollouts are made beside learning or by several."""
    for name, algorithm in algorithms.items():
        if algorithm.needs_policy_eval and (config.max_off_policy_steps or processes.size > 1):
            raise ConfigError(
                f"{name} tries out each proposal on the policy: in a single process, with max_off_policy_steps=0"
            )
        if type(algorithm).prepare is not Algorithm.prepare and config.max_off_policy_steps:
            raise ConfigError(
                f"{name} tunes itself before each rollout, by what it has just learned: with max_off_policy_steps=0"
            )


def restore_algorithms(algorithms: Mapping[str, Algorithm], state: Mapping[str, Any]) -> None:
    """Restore those of `algorithms` that the `state` of a checkpoint knows."""
    for name, algorithm in algorithms.items():
        if name in state.get("algorithms", {}):
            algorithm.restore(state["algorithms"][name])


def shuffled_rewards(trajectories: Sequence[Trajectory], rng: SeededRng) -> list[Trajectory]:
    """Return `trajectories` with the Solver's scores dealt out at random among its own: a control."""
    solver_places = [i for i, trajectory in enumerate(trajectories) if trajectory.role == "solver"]
    shuffled_places = rng.shuffled(solver_places)
    shuffled = list(trajectories)
    for place, source_place in zip(solver_places, shuffled_places, strict=True):
        shuffled[place] = replace(trajectories[place], score=trajectories[source_place].score)
    return shuffled
