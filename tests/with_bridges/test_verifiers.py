"""verifiers' own runner plays our taskset and our three seats against a scripted endpoint."""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest
import verifiers.v1 as vf
from scripted_endpoint import endpoint, triad_reply
from verifiers.v1.configs.env import EnvConfig
from verifiers.v1.utils.generic import concrete_type
from verifiers.v1.utils.loaders import environment_class

from zerosight.train.bridges.verifiers_items import ItemTaskset

EXAMPLES = Path(__file__).parents[2] / "examples" / "verifiers"
SEAT = {"runtime": {"type": "subprocess"}}
WORLD = "shapes/Canvas-v1"


def env_of(taskset: str, seats: tuple[str, ...], **options: Any) -> Any:
    environment = environment_class(taskset)
    fields = {"taskset": {"id": taskset, "worlds": [WORLD], "count": 3}, "interception": {"type": "server"}}
    config = concrete_type(environment, EnvConfig)
    return environment(config.model_validate(fields | dict.fromkeys(seats, SEAT) | options))


def episodes(env: Any, address: str) -> list[Any]:
    """Every task's episode, played by verifiers."""

    async def played() -> list[Any]:
        client = vf.EvalClientConfig(base_url=f"{address}/v1", api_key_var="NO_SUCH_KEY")
        context = vf.ModelContext(model="scripted", client=client)
        async with env.serving():
            return [await env.run_slot(env.slots(task)[0], context) for task in env.taskset]

    return asyncio.run(played())


def test_items_are_asked_with_their_picture_and_paid_by_the_oracle() -> None:
    env = env_of("zerosight-items", ("agent",))
    answers = {task.data.prompt[0].content[1].text: task.data.answer for task in env.taskset}
    with endpoint(lambda words: answers[words]) as (address, bodies):
        outcomes = episodes(env, address)
    assert [trace.reward for episode in outcomes for trace in episode.traces] == [1.1] * 3
    for body in bodies:
        picture = body["messages"][-1]["content"][0]
        assert picture["image_url"]["url"].startswith("data:image/png;base64,")
        assert body["messages"][0]["role"] == "system"


def test_wrong_answers_are_paid_for_their_form_alone() -> None:
    with endpoint(lambda words: "perhaps") as (address, _):
        outcomes = episodes(env_of("zerosight-items", ("agent",)), address)
    assert {trace.reward for episode in outcomes for trace in episode.traces} == {0.0}


def test_each_task_scores_its_own_answer() -> None:
    for task in env_of("zerosight-items", ("agent",)).taskset:
        assert asyncio.run(task.validate(None))
    assert issubclass(environment_class("zerosight-items"), vf.SingleAgentEnv)


def test_three_seats_are_each_paid_as_their_role() -> None:
    with endpoint(triad_reply) as (address, _):
        outcomes = episodes(env_of("zerosight-triad", ("proposer", "coder", "solver")), address)
    for episode in outcomes:
        assert episode.ok, episode.errors
        rewards = [(trace.agent.name, trace.reward) for trace in episode.traces]
        assert [name for name, _ in rewards] == ["proposer", "coder", "coder", *["solver"] * 4]
        assert dict(rewards)["coder"] == pytest.approx(1.0)
        assert dict(rewards)["solver"] == pytest.approx(1.1)
        # All answers are right, so that nobody could learn from the question.
        assert episode.traces[0].metrics["learnability"] == 0.0


def test_an_unreadable_proposal_ends_the_episode_unpaid_but_well() -> None:
    with endpoint(lambda words: "no") as (address, _):
        outcomes = episodes(env_of("zerosight-triad", ("proposer", "coder", "solver")), address)
    assert [episode.ok for episode in outcomes] == [True] * 3
    assert {episode.traces[0].reward for episode in outcomes} == {0.0}


@pytest.mark.parametrize("name", ["solver.toml", "triad.toml"])
def test_the_environments_of_the_prime_rl_files_are_valid(name: str) -> None:
    config = tomllib.loads((EXAMPLES / name).read_text())
    (fields,) = config["orchestrator"]["train"]["env"]
    del fields["name"]
    environment = environment_class(fields["taskset"]["id"])
    env = environment(concrete_type(environment, EnvConfig).model_validate(fields))
    if isinstance(env.taskset, ItemTaskset):
        assert env.taskset.config.plan().count == 20_000
    assert next(iter(env.taskset)).data.idx == 0
