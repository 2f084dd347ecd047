"""Drawing and scoring in workers of a Ray cluster on this machine: the same as here, and nothing is left behind."""

from collections.abc import Iterator

import pytest
import ray

from zerosight.envs import make
from zerosight.train.bridges.verl_reward import compute_score
from zerosight.train.data.plan import DataPlan
from zerosight.train.data.rows import planned_row

WORLDS = ("shapes/Canvas-v1", "charts/Chart-v1")
PLAN = DataPlan(worlds=WORLDS, count=8)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_workers_make_the_same_items(cluster: None) -> None:
    remote_row = ray.remote(planned_row)
    numbers = range(6)
    rows = ray.get([remote_row.remote(PLAN, number) for number in numbers])
    # Charts are drawn by programs, in the sandbox of each worker.
    assert rows == [planned_row(PLAN, number) for number in numbers]


def test_workers_score_as_this_process_does(cluster: None) -> None:
    remote_score = ray.remote(compute_score)
    rows = [planned_row(PLAN, number) for number in range(4)]
    pairs = [(row["truth"], reply) for row in rows for reply in (row["answer"], "?")]
    scores = ray.get([remote_score.remote("zerosight", reply, truth) for truth, reply in pairs])
    assert [round(score["score"], 3) for score in scores] == [1.1, 0.0] * 4


def test_an_actor_draws_what_models_wrote(cluster: None) -> None:
    @ray.remote
    class Drawer:
        def width(self, world: str, program: str) -> int | str:
            outcome = make(world).render(program)
            return outcome.code if hasattr(outcome, "code") else int(outcome.width)

    drawer = Drawer.remote()
    circle = '<svg viewBox="0 0 64 64"><circle cx="32" cy="32" r="9" fill="red"/></svg>'
    widths = ray.get([drawer.width.remote(WORLDS[0], program) for program in (circle, "<svg>")])
    assert widths[0] == 64
    assert isinstance(widths[1], str)
