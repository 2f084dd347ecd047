"""Prompts of pretrained models: each environment's language is explained, the Coder is not told the question."""

import json

import pytest

from zerosight.envs import Rejected, item_rng, list_environments, make
from zerosight.roles import coder, proposer, solver
from zerosight.roles.proposer import Proposal

ENV_IDS = [env_id for env_id in list_environments() if "@" not in env_id]


def system_text(messages) -> str:
    return messages[0]["content"][0]["text"]


@pytest.mark.parametrize("env_id", ENV_IDS)
def test_proposals_shown_are_ones_that_are_accepted(env_id):
    """What a model copies from its prompt must be valid: the example replies are parsed as a model's would be."""
    env = make(env_id)
    task = next(iter(env.tasks))
    briefing = env.briefing(item_rng(env_id, "train", 0, 1), task, min(env.difficulties))
    text = system_text(proposer.prompt(env, briefing, style="full", rng=item_rng(env_id, "train", 0, 2)))
    replies = [line.removeprefix("Reply: ") for line in text.splitlines() if line.startswith("Reply: ")]
    parsed = [proposer.parse(env, reply) for reply in replies]
    assert not [one for one in parsed if isinstance(one, Rejected)], parsed
    assert all(isinstance(one, Proposal) and one.task == task for one in parsed)


@pytest.mark.parametrize("env_id", ENV_IDS)
def test_prompt_fits_a_small_context(env_id):
    env = make(env_id)
    for task in list(env.tasks)[:3]:
        briefing = env.briefing(item_rng(env_id, "train", 0, 3), task, max(env.difficulties))
        assert len(system_text(proposer.prompt(env, briefing, style="full"))) < 16_000


def test_coder_is_not_told_the_question():
    env = make("shapes/Canvas-v1")
    requirements = env.requirements([[2, "red", "circle"], [1]])
    messages = coder.prompt(env, requirements, style="full", rng=item_rng(env.id, "train", 0, 4))
    assert messages[1]["content"][0]["text"] == "Draw 2 red circles, 1 shape."
    assert "?" not in system_text(messages) and "asks" not in system_text(messages)


def test_coder_is_told_what_the_question_needs():
    env = make("charts/Chart-v1")
    query = env.parse_value(["sum", ["of", ["points"], ["series", "Oslo"]]])
    needs = [need.text for need in env.needs(query)]
    text = coder.prompt(env, env.requirements([[2, "bar"]]), needs=needs, style="full")[1]["content"][0]["text"]
    assert "Oslo" in text and "sum" not in text


def test_examples_vary_with_the_step_and_not_within_it():
    env = make("shapes/Canvas-v1")
    briefing = env.briefing(item_rng(env.id, "train", 0, 5), "count", 2)
    texts = [
        system_text(proposer.prompt(env, briefing, style="full", rng=item_rng("step", "train", 0, step)))
        for step in (0, 0, 1)
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(("mode", "said"), [("answer", "answer alone"), ("reason", "<answer> and </answer>")])
def test_solver_is_told_how_to_answer(mode, said):
    env = make("shapes/Canvas-v1")
    question = env.sample(item_rng(env.id, "train", 0, 6), "side", 2).question
    messages = solver.prompt(question, style="full", mode=mode)
    assert said in system_text(messages)
    assert messages[1]["content"][-1]["text"] == f"{question.text}\nAnswer with one of: left, right."


def test_short_prompts_are_those_that_the_embedded_model_was_taught_with():
    env = make("shapes/Canvas-v1")
    briefing = env.briefing(item_rng(env.id, "train", 0, 7), "count", 2)
    assert proposer.prompt(env, briefing)[1]["content"][0]["text"] == f"propose: {briefing.text}"
    assert json.dumps(proposer.prompt(env, briefing, style="short")) == json.dumps(proposer.prompt(env, briefing))
