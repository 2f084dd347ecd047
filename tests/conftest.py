"""What every test shares: the environment, a seed of the day, quick and repeatable hypothesis."""

import secrets

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
