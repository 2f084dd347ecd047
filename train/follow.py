"""Every process but the first of a run of several: generate and learn as ordered."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .generators.hf import HFGenerator
from .learning.learner import Learner
from .learning.processes import SharedGenerator, Together
from .runs.store import Run, begin_policy


def follow(processes: Together, device: torch.device) -> None:
    """Begin, restore, generate and learn as the first of `processes` orders, on this `device`, until told to stop."""
    if processes.sharding is not None:
        # A launcher's SIGTERM is for the first, which needs the others' shares for its checkpoint.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Ctrl-C reaches every process of a terminal; the first ends the run, and needs the others for its last step.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders: dict[str, Callable[..., Any]] = {}

    def begin(folder: Path) -> None:
        run = Run.open(folder)
        policy = begin_policy(run.config, device)
        learner = Learner(policy, run.config.learning, run.config.steps, processes)
        orders["restore"] = lambda: run.load_newest(policy, learner)
        orders["generate"] = SharedGenerator(HFGenerator(policy), processes).take_part
        orders["learn"] = learner.step
        orders["write"] = learner.write_own_state

    orders["begin"] = begin
    processes.obey(orders)
