"""Checks before a run begins: nothing is made or waited for until all that it names is known to be there."""

import os
import shutil
import socket
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .console import Usage

if TYPE_CHECKING:
    from ..train.config import RunConfig

MIN_FREE_BYTES = 500 * 2**20
"""Room on the disk below which no run is begun: a checkpoint of the embedded model has 13 MiB, others have more."""
SERVER_SECONDS = 5.0


def checked_config(recipe: str, preset: str, settings: Sequence[str], begin: Path | None, folder: Path) -> "RunConfig":
    """Return the configuration of a new run once all that it names is known to be here: no run directory is made yet.

    Args:
        recipe: the recipe's name.
        preset: the preset's name, if any.
        settings: overridden options.
        begin: the run to begin from, if any.
        folder: that the run will be written to.

    Raises:
        UserError: an option, environment, model, algorithm, run, sandbox layer, device, tracker, server, folder or
            room on the disk is not.
    """
    import torch

    from ..envs import make
    from ..render.sandbox.layers import demand
    from ..train.models.load import model_path
    from ..train.models.policy import locate_model
    from ..train.presets import config_from
    from ..train.recipes import algorithm_names, make_algorithm
    from ..train.runs.store import newest_checkpoint

    from_run = [f"start_from={begin.resolve()}"] if begin is not None else []
    config = config_from(recipe, preset, [*settings, *from_run])
    for env_id in config.envs:
        make(env_id)
    _check_model(locate_model(model_path(config.model)))
    for name in algorithm_names(config):
        make_algorithm(name, config)
    if config.start_from is not None:
        newest_checkpoint(config.start_from)
    if config.device == "cuda" and not torch.cuda.is_available():
        raise Usage("device=cuda: torch finds no CUDA device here (see `zerosight doctor`); leave it away for the CPU")
    demand(config.sandbox.required)
    _check_trackers(config)
    _check_server(config)
    _check_folder(folder)
    return config


def _check_model(folder: Path) -> None:
    """Refuse a folder that holds no model."""
    if not (folder / "config.json").is_file():
        raise Usage(f"model: {folder} has no config.json; name a folder written by save_pretrained")


def _check_trackers(config: "RunConfig") -> None:
    """Refuse a tracker whose package is not installed."""
    for name in config.trackers:
        if find_spec(name) is None:
            raise Usage(f"trackers: {name} is not installed; run `pip install {name}`, or leave it away")


def _check_server(config: "RunConfig") -> None:
    """Refuse a server that nothing answers for."""
    if config.generator.kind not in ("vllm-server", "openai"):
        return
    parts = urlsplit(config.generator.url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise Usage(
            f"generator.url is the server's address, such as http://localhost:8000, got {config.generator.url!r}"
        )
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname, port), SERVER_SECONDS).close()
    except (OSError, ValueError) as error:
        raise Usage(
            f"generator.url={config.generator.url}: nothing answers there ({error}); start the server first"
        ) from error


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written, or a disk that is nearly full."""
    parent = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not parent.is_dir():
        raise Usage(f"{folder} cannot be made: {parent} is a file; choose another with --out")
    if not os.access(parent, os.W_OK):
        raise Usage(f"{folder} cannot be written: {parent} belongs to someone else; choose another with --out")
    free_bytes = shutil.disk_usage(parent).free
    if free_bytes < MIN_FREE_BYTES:
        raise Usage(
            f"{parent} has {free_bytes / 2**20:.0f} MiB of room, and a run needs at least {MIN_FREE_BYTES // 2**20}; "
            "make room (zerosight runs clean), or choose another disk with --out"
        )
