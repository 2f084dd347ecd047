"""The environments' benchmark measures what it says."""

import time

from zerosight.benchmarks.own.worlds import per_second, rates, summary
from zerosight.envs import Environment


def test_rate_is_that_of_the_work():
    found = per_second(lambda number: time.sleep(0.01), 0.2)
    assert 30 < found < 100


def test_every_figure_is_a_rate(env: Environment):
    found = rates(env, 0, 0.1)
    assert set(found) == {"items", "items_with_picture", "answers"} and min(found.values()) > 1
    assert found["answers"] > found["items_with_picture"]


def test_summary_is_median_and_spread():
    assert summary([3.0, 1.0, 2.0]) == {"median": 2.0, "low": 1.0, "high": 3.0}
