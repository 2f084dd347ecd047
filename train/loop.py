"""The loop: roll out, reward, learn, again; measured before and after on items the run never saw."""

import copy
import difflib
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..envs import InfrastructureError, SeededRng, make
from ..render.drawing import Drawn
from .algorithm import Algorithm
from .async_rollouts import Rolled, RollsAhead, snapshot_of
from .config import ConfigError, Phase, RunConfig
from .curriculum.base import task_label
from .curriculum.variants import make_curriculum
from .diagnostics import diagnose
from .episodes import Episodes
from .generators import make_generator, push_weights
from .learning.learner import Learner
from .learning.processes import Alone, Processes, SharedGenerator
from .models.completions import Generator
from .models.policy import ROLES
from .recipes import algorithm_names, make_algorithm
from .rollouts import AnsweredItem, Draw, ProposalRollout, Trajectory
from .runs.records import proposal_record, step_metrics
from .runs.store import Run, begin_policy, newest_state
from .runs.trackers import Trackers
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
        if config.max_off_policy_steps and processes.size > 1:
            raise ConfigError(
                f"max_off_policy_steps: {config.max_off_policy_steps} needs a single process; several share each "
                "rollout, so set max_off_policy_steps=0"
            )
        if config.generator.kind == "vllm" and processes.size > 1:
            raise ConfigError(
                "generator.kind=vllm samples in one process; beside several, take generator.kind=vllm-server or hf"
            )
        processes.order("begin", run.folder)
        self.policy = begin_policy(config)
        self.learner = Learner(self.policy, config.learning, config.steps, processes)
        self.curriculum = make_curriculum(config.curriculum, [make(env) for env in config.envs])
        self._sampler = copy.deepcopy(self.policy) if config.max_off_policy_steps else self.policy
        self._generator = make_generator(config, self._sampler, run.folder / "engine")
        shared = SharedGenerator(self._generator, processes)
        # A server is asked by the first process alone.
        sampling = shared if processes.size > 1 and config.generator.kind == "hf" else self._generator
        self.algorithms = {name: make_algorithm(name, config) for name in algorithm_names(config)}
        for name, algorithm in self.algorithms.items():
            if algorithm.needs_policy_eval and (config.max_off_policy_steps or processes.size > 1):
                raise ConfigError(
                    f"{name} tries out each proposal on the policy: in a single process, with max_off_policy_steps=0"
                )
            if type(algorithm).prepare is not Algorithm.prepare and config.max_off_policy_steps:
                raise ConfigError(
                    f"{name} tunes itself before each rollout, by what it has just learned: with max_off_policy_steps=0"
                )
        first = self.algorithms[algorithm_at(config, 0)]
        self.episodes = Episodes(config, self._sampler, sampling, self.curriculum, draw, first)
        self.limits = self.episodes.limits
        self._rolls = self._rolling(draw, sampling) if config.max_off_policy_steps else None
        self.step = 0
        self._busy = False
        """True while weights are being changed, or rollouts are made beside that."""
        self._stop_now = False
        self._ended_by: int = signal.SIGTERM
        self._lost = 0
        """Steps in a row of which nothing could be drawn."""
        self._never_alone = bool(config.max_off_policy_steps or processes.sharding)
        """Whether a step cannot be left half done: others roll out beside it, or hold what its checkpoint needs."""
        self._restore()

    def _rolling(self, draw: Draw, sampling: Generator) -> RollsAhead:
        """What rolls out ahead, with curriculum and algorithms of its own."""
        config = self.config
        curriculum = make_curriculum(config.curriculum, [make(env) for env in config.envs])
        algorithms = {name: make_algorithm(name, config) for name in self.algorithms}
        own = Episodes(config, self._sampler, sampling, curriculum, draw, algorithms[algorithm_at(config, 0)])

        def take(state: Mapping[str, Any]) -> None:
            curriculum.restore(state["curriculum"])
            restore_algorithms(algorithms, state)

        def roll_out(step: int) -> Rolled:
            return Rolled(self._roll_out(step, own, algorithms), Counter(own.answer_counts))

        self._rolling_episodes = own
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
        if self._rolls is not None:
            self._rolls.read(self.run.checkpoints()[-1])

    def _begin_from(self, folder: Path) -> None:
        """Take another run's curriculum and what its algorithms remember; its weights are loaded with the policy."""
        state = newest_state(folder)
        kept = {(arm.env, arm.task, arm.difficulty) for arm in self.curriculum.arms}
        arms = [a for a in state["curriculum"] if (a["env"], a["task"], a["difficulty"]) in kept]
        self._take({**state, "curriculum": arms})

    def _take(self, state: Mapping[str, Any]) -> None:
        self.curriculum.restore(state["curriculum"])
        self.episodes.answer_counts = Counter({tuple(key): count for key, count in state["answer_counts"]})
        restore_algorithms(self.algorithms, state)
        if self._rolls is not None:
            self._rolling_episodes.answer_counts = Counter(self.episodes.answer_counts)

    def _state(self) -> dict[str, Any]:
        asked = [[list(key), count] for key, count in sorted(self.episodes.answer_counts.items())]
        algorithms = {name: algorithm.state() for name, algorithm in self.algorithms.items()}
        return {"curriculum": self.curriculum.state(), "answer_counts": asked, "algorithms": algorithms}

    def _rng(self, step: int) -> SeededRng:
        return SeededRng(("step", self.config.seed, step))

    def _roll_out(self, step: int, episodes: Episodes, algorithms: Mapping[str, Algorithm]) -> list[ProposalRollout]:
        """A step's rollouts, sampled with the sampler's weights as they are now."""
        push_weights(self._generator, self._sampler, self.run.folder / "engine" / "weights", step)
        rng, algorithm = self._rng(step), algorithms[algorithm_at(self.config, step)]
        episodes.algorithm = algorithm
        algorithm.prepare(self, step, rng.child("prepare"))
        return episodes.roll_out(rng)

    def _attempts(self) -> list[ProposalRollout]:
        """This step's rollouts: rolled out now, or ahead, with the steps that may be rolled out beside it begun."""
        if self._rolls is None:
            return self._roll_out(self.step, self.episodes, self.algorithms)
        self._rolls.begin(self.step, snapshot_of(self.step, self.policy, self._state()))
        rollouts, self.episodes.answer_counts = self._rolls.taken(self.step)
        return rollouts

    def evolve(self, report: Report) -> None:
        """Every step that is left, with a checkpoint each `checkpoint_every` and at the end.

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
        while self.step < self.config.steps:
            before = self._state()
            try:
                metrics = self.one_step()
            except Terminated:
                # Cut off while rolling out: weights and curriculum are the last step's, but some questions of the
                # new one are counted as asked.
                self._take(before)
                self.checkpoint()
                raise
            due = self.step % self.config.checkpoint_every == 0 or self.step == self.config.steps
            if due and self.config.evaluation.dev_items:
                self._busy = True
                metrics["dev/accuracy"] = self.dev_accuracy()
                self._busy = False
            self._know_best(metrics)
            self.run.log(metrics)
            trackers.send(metrics)
            report(metrics)
            if self._stop_now or due:
                self.checkpoint()
            if self._stop_now:
                if self.processes.sharding is not None:
                    self.processes.order("stop")
                raise Terminated(f"stopped after step {self.step}", self._ended_by)

    def _know_best(self, metrics: Mapping[str, Any]) -> None:
        """Find out at the first step, and not at the end, that nothing is called as `keep_best` says."""
        wanted, known = (
            self.config.keep_best,
            [*metrics, *(["dev/accuracy"] if self.config.evaluation.dev_items else [])],
        )
        if not wanted or wanted in known:
            return
        if wanted == "dev/accuracy":
            raise ConfigError(
                "keep_best: dev/accuracy is measured with --set evaluation.dev_items=64 or another number"
            )
        if self.step == 1:
            close = difflib.get_close_matches(wanted, known, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ConfigError(f"keep_best: no figure is called {wanted!r}; {hint}(logged: {', '.join(known)})")

    def dev_accuracy(self) -> float:
        """The accuracy of what samples on items of the `dev` split, answered greedily."""
        asked, rng = (
            validation(self.config, self.config.evaluation.dev_items, self.limits.picture_px),
            self._rng(self.step).child("dev"),
        )

        def answer() -> None:
            self.answered(asked, 1, rng, temperature=0.0)

        if self._rolls is None:
            answer()
        else:
            self._rolls.after_them(answer)
        return sum(each.solve_rate for each in asked) / len(asked)

    def answered(self, every: Sequence[AnsweredItem], n: int, rng: SeededRng, temperature: float | None = None) -> None:
        """Have the Solver answer each item `n` times, in place; by default at the algorithm's temperature."""
        self.episodes.answered(every, n, rng, temperature)

    def terminate(self, signal_number: int = signal.SIGTERM) -> None:
        """End at once, or, where weights are being changed, after the step; called by a signal's handler.

        Args:
            signal_number: of the signal that asked for it.

        Raises:
            Terminated: at once.
        """
        self._stop_now = True
        self._ended_by = signal_number
        if not self._busy:
            raise Terminated(f"stopped after step {self.step}", signal_number)

    def one_step(self) -> dict[str, Any]:
        """Roll out, reward and learn once; a pure function of the state before it and of the run's seed."""
        began = time.monotonic()
        self._busy = self._never_alone
        rng = self._rng(self.step)
        rollouts = self._attempts()
        rolled = time.monotonic()
        self._notice_lost(rollouts)
        self._busy = True
        if (measuring := self.algorithms[algorithm_at(self.config, self.step)]).needs_policy_eval:
            measuring.assess(rollouts, self)
        phase, algorithm = phase_at(self.config, self.step), self.algorithms[algorithm_at(self.config, self.step)]
        trajectories = self.episodes.trajectories(
            rollouts, max(0, self.learner.version - self.config.max_off_policy_steps), algorithm
        )
        if self.config.shuffle_rewards:
            trajectories = shuffled_rewards(trajectories, rng.child("shuffle"))
        learned_from = [trajectory for trajectory in trajectories if trajectory.role in phase.roles]
        if phase.method == "sft":
            learned_from = algorithm.sft_examples(rollouts, learned_from, self.policy)
        self.processes.order("learn", learned_from, rng.child("learn"), phase.method)
        learned = self.learner.step(learned_from, rng.child("learn"), phase.method)
        took = time.monotonic() - rolled
        self.episodes.observe(rollouts)
        algorithm.observe(rollouts, self)
        self.step += 1
        self._keep(rollouts)
        self._busy = False
        metrics = {"step": self.step, **step_metrics(rollouts, trajectories), **learned}
        metrics |= diagnose(rollouts, trajectories, algorithm)
        metrics |= {
            "arms": {
                f"{task_label(self.config.envs, a.env, a.task)}/{a.difficulty}": round(a.solve_rate, 3)
                for a in self.curriculum.arms
            }
        }
        return metrics | {"time/rollout": rolled - began, "time/learn": took}

    def _notice_lost(self, rollouts: Sequence[ProposalRollout]) -> None:
        """Stop a run that goes on without drawing anything.

        Raises:
            InfrastructureError: our machinery failed on every program of several steps in a row.
        """
        outcomes = [drawing.outcome for rollout in rollouts for drawing in rollout.program_rollouts]
        lost = [outcome for outcome in outcomes if isinstance(outcome, InfrastructureError)]
        self._lost = self._lost + 1 if lost and len(lost) == len(outcomes) else 0
        if self._lost == LOST_STEPS:
            raise InfrastructureError(
                f"no program could be drawn in {LOST_STEPS} steps in a row: {lost[-1]}; mend that (zerosight doctor "
                f"says what holds here), then go on with --resume {self.run.folder}"
            )

    def _keep(self, rollouts: Sequence[ProposalRollout]) -> None:
        """The step's rollouts on disk, with the pictures of those that a report may show."""
        self.run.keep_rollouts(self.step, [proposal_record(rollout) for rollout in rollouts])
        if self.step <= 3 or self.step % 10 == 0 or self.step == self.config.steps:
            for rollout in rollouts:
                for drawing in rollout.program_rollouts:
                    if isinstance(drawing.outcome, Drawn):
                        self.run.keep_picture(drawing.outcome.scene.digest, drawing.outcome.picture)
                for asked in rollout.answered_items:
                    self.run.keep_picture(asked.item.scene.digest, asked.picture)

    def close(self) -> None:
        """Let go of what still rolls out."""
        if self._rolls is not None:
            self._rolls.close()

    def checkpoint(self) -> None:
        """Everything that later steps depend on."""
        self.run.checkpoint(self.step, self.policy, self.learner, self._state(), self._rolls)


def restore_algorithms(algorithms: Mapping[str, Algorithm], state: Mapping[str, Any]) -> None:
    """Take back what a checkpoint says of these algorithms, of those that it knows."""
    for name, algorithm in algorithms.items():
        if name in state.get("algorithms", {}):
            algorithm.restore(state["algorithms"][name])


EVERY_ROLE = Phase(roles=ROLES, steps=1)
"""What a run without phases does in each step."""


def phase_at(config: RunConfig, step: int) -> Phase:
    """The phase of a step, counted from 0: the phases follow one another over and over."""
    if not config.phases:
        return EVERY_ROLE
    place = step % sum(phase.steps for phase in config.phases)
    for phase in config.phases:
        if place < phase.steps:
            return phase
        place -= phase.steps
    raise AssertionError("a place within the sum of the phases lies in one of them")


def algorithm_at(config: RunConfig, step: int) -> str:
    """The name of a step's algorithm."""
    return phase_at(config, step).algorithm or config.algorithm


def shuffled_rewards(trajectories: Sequence[Trajectory], rng: SeededRng) -> list[Trajectory]:
    """Control: the Solver's scores dealt out at random among its trajectories of the step."""
    places = [i for i, trajectory in enumerate(trajectories) if trajectory.role == "solver"]
    dealt = rng.shuffled(places)
    result = list(trajectories)
    for place, other in zip(places, dealt, strict=True):
        result[place] = replace(trajectories[place], score=trajectories[other].score)
    return result
