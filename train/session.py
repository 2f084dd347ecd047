"""A measured run: held-out accuracy before, the evolution, held-out accuracy after, the report."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from ..render.drawing import Pools
from ..render.sandbox.layers import demand
from ..roles import solver
from .heldout import ANSWER_TOKENS, Progress, Suite, evaluate, evaluate_writing, heldout_suite
from .learning.processes import Alone, Processes
from .loop import Evolution
from .models.policy import Policy
from .rollouts import Draw, drawn_by
from .runs.store import Run, begin_policy
from .runs.trackers import Trackers
from .seed.lessons import ANSWERED_FORMS


class Watcher(Protocol):
    """Who is told how the run goes."""

    def phase(self, name: str) -> None:
        """A phase begins."""
        ...

    def answered(self, name: str, done_answers: int, total_answers: int) -> None:
        """Held-out answers come in."""
        ...

    def stepped(self, metrics: Mapping[str, Any], total_steps: int) -> None:
        """A training step is done."""
        ...


def taught_forms(model: str) -> tuple[str, ...]:
    """The forms that a model was taught to answer before the run; known only of the embedded one."""
    return ANSWERED_FORMS if model == "embedded" else ()


def measure(
    run: Run, name: str, policy: Policy, suite: Suite, draw: Draw, progress: Progress, tokens: Mapping[str, int]
) -> dict[str, Any]:
    """The evaluation of this name: the stored one where there is one, else made and stored."""
    stored_result = run.evaluation(name)
    if stored_result is not None:
        return stored_result
    config = run.config
    ask = partial(solver.prompt, style=config.style, mode=config.rollout.solver_mode)
    answer_tokens = max(ANSWER_TOKENS, tokens["solver"])
    result = evaluate(policy, suite, taught_forms(config.model), progress, answer_tokens, ask)
    if count := config.evaluation.coding_briefings:
        result["writing"] = evaluate_writing(policy, config.envs, count, draw, tokens=tokens, style=config.style)
    run.keep_evaluation(name, result)
    return result


@contextmanager
def _ended_by_signals(evolution: Evolution) -> Iterator[None]:
    """Have SIGTERM and SIGINT end the `evolution` with a checkpoint; a second SIGINT ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: Any) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        evolution.terminate(number)

    previous_handlers = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _track(run: Run, name: str, step: int, result: Mapping[str, Any]) -> None:
    """Send the held-out evaluation called `name` to the trackers of a `run`, if it has any."""
    if run.config.trackers:
        trackers = Trackers(run.folder, run.config)
        try:
            trackers.send_evaluation(name, step, result)
        finally:
            trackers.close()


def run_session(
    run: Run,
    watcher: Watcher,
    finish: Callable[[Run], None] | None = None,
    processes: Processes = Alone(),  # noqa: B008 - it has no state
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run or continue a run to its end; returns the evaluations before and after.

    What is on disk already (evaluations, checkpoints) is not made again, so a session that was killed at any
    moment ends with the figures of one that was not. SIGTERM and SIGINT (Ctrl-C) end it with a checkpoint.

    Raises:
        RunLockedError: another process is running this run.
        Terminated: by SIGTERM or SIGINT.
    """
    config = run.config
    demand(config.sandbox.required)
    with run.locked(), Pools(config.render_workers) as pools:
        draw = drawn_by(pools)
        watcher.phase("held-out items")
        evolution = Evolution(run, draw, processes)
        limits = evolution.limits
        suite = heldout_suite(config.envs, config.evaluation.heldout_items, picture_px=limits.picture_px)
        with _ended_by_signals(evolution):
            watcher.phase("before")
            began_from = evolution.policy if evolution.step == 0 else begin_policy(config)
            start = measure(run, "start", began_from, suite, draw, watcher.answered, limits.tokens)
            _track(run, "start", 0, start)
            watcher.phase("evolve")
            evolution.evolve(lambda metrics: watcher.stepped(metrics, config.steps))
            watcher.phase("after")
            end = measure(run, "end", evolution.policy, suite, draw, watcher.answered, limits.tokens)
            _track(run, "end", config.steps, end)
    if finish is not None:
        finish(run)
    return start, end
