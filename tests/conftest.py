"""What every test shares: the environment, a seed of the day, quick and repeatable hypothesis."""

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from zerosight.envs import Environment, make

# No deadline: the machine may be busy. Derandomised: a red test is red again.
# `pytest --hypothesis-profile=search` looks further.
settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=150)
settings.register_profile(
    "search", deadline=None, max_examples=3_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def env() -> Environment:
    return make("shapes/Canvas-v1")


@pytest.fixture(scope="session")
def fresh_seed() -> int:
    """A seed that no run had before; printed, so that a failure can be repeated."""
    seed = secrets.randbelow(2**31)
    print(f"\nfresh seed: {seed}")  # noqa: T201
    return seed


@pytest.fixture
def zerosight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """The command line in an empty folder, in this process: to load what models need takes seconds in each new one."""
    # Loaded here, so that tests of the lower layers begin without it.
    import torch

    from zerosight.cli.app import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["zerosight", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    yield run
    # The command line flushes denormal floats to 0 for the whole process, which other tests must not inherit.
    torch.set_flush_denormal(False)
