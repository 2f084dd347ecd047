"""Guards against numbers that are not finite: an update that has one is skipped, and several in a row end the run.

A loss or gradient of NaN or infinity would destroy the weights, the next rollout and the next checkpoint. Begin at
`UpdateGuard`.
"""

import logging
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from ...errors import UserError

LOG = logging.getLogger(__name__)

MAX_SKIPPED_IN_A_ROW = 3
"""Updates skipped one after the other that end a run."""


class TrainingError(UserError, RuntimeError):
    """Training cannot go on; the message names the trajectory and what to do."""


class NonFiniteError(Exception):
    """A loss or gradient is not finite.

    Args:
        problem: in words, with the role and the trajectory where they are known.
        layer: the layer or parameter where it began, where it is known.
        fatal: the weights may have been changed by it, so that no skipped update helps.
    """

    def __init__(self, problem: str, layer: str | None, fatal: bool = False) -> None:
        super().__init__(problem + (f", first in {layer}" if layer else ""))
        self.fatal = fatal


class UpdateGuard:
    """The count of updates that were skipped because a loss or gradient was not finite.

    Every process has one, and is told of the same problems, so that all stop at the same update.
    """

    def __init__(self) -> None:
        self.in_a_row = 0
        """Updates skipped since the last that was made."""

    def passed(self) -> None:
        """Note an update that was made."""
        self.in_a_row = 0

    def skipped(self, error: NonFiniteError) -> None:
        """Note an update that was skipped for `error`, with a warning.

        Raises:
            TrainingError: it is the third in a row, or one that skipping cannot mend.
        """
        self.in_a_row += 1
        if error.fatal or self.in_a_row >= MAX_SKIPPED_IN_A_ROW:
            how_often = "" if error.fatal else f" in {self.in_a_row} updates in a row"
            raise TrainingError(
                f"{error}{how_often}; no checkpoint was written since: lower learning.learning_rate or "
                "learning.max_grad_norm, or set precision=float32, and resume from the last checkpoint"
            )
        LOG.warning(
            "%s; this update is skipped (%d in a row, the run stops at %d)", error, self.in_a_row, MAX_SKIPPED_IN_A_ROW
        )


def last_nonfinite_gradient(named_parameters: Iterable[tuple[str, torch.nn.Parameter]]) -> str | None:
    """Name the last of `named_parameters` whose gradient is not finite: backward passes begin there.

    Args:
        named_parameters: in the order of the forward pass.
    """
    # A shard of a distributed gradient is looked at by its owner alone; it may be empty.
    gradients = {
        name: p.grad.to_local() if isinstance(p.grad, DTensor) else p.grad
        for name, p in named_parameters
        if p.grad is not None
    }
    gradients = {name: gradient for name, gradient in gradients.items() if gradient.numel()}
    if not gradients:
        return None
    norms = torch.stack(torch._foreach_norm(list(gradients.values()), float("inf")))
    by_layer = zip(reversed(gradients), reversed(norms.tolist()), strict=True)
    return next((name for name, norm in by_layer if not math.isfinite(norm)), None)


def first_nonfinite_module(model: torch.nn.Module, forward: Callable[[], Any]) -> str | None:
    """Name the first module of `model` whose output is not finite in a forward pass; None where all are.

    Args:
        model: to look at.
        forward: runs the model once; it may raise nothing but what the model raises.
    """
    culprits: list[str] = []

    def watch(name: str) -> Callable[..., None]:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) else output
            if not culprits and torch.is_tensor(tensor) and tensor.is_floating_point() and not tensor.isfinite().all():
                culprits.append(name)

        return hook

    leaves = [(name, module) for name, module in model.named_modules() if not any(module.children())]
    handles = [module.register_forward_hook(watch(name)) for name, module in leaves]
    try:
        with torch.no_grad():
            forward()
    finally:
        for handle in handles:
            handle.remove()
    return culprits[0] if culprits else None
