"""Language cards say all that an environment declares, in queries that it accepts."""

import json

import pytest

from zerosight.envs import Briefing, Environment, Rejected, SeededRng, list_environments, make
from zerosight.envs.card import (
    MAX_CARD_TOKENS,
    card_content,
    coder_card,
    estimated_tokens,
    example_proposals,
    proposer_card,
    signature,
)
from zerosight.envs.language.query import dump
from zerosight.roles import coder, proposer

UNBOUNDED = 10**9


@pytest.fixture(scope="module", params=list_environments(), ids=lambda env_id: env_id.replace("/", "-"))
def world(request) -> Environment:
    return make(request.param)


@pytest.fixture(scope="module")
def full_card(world) -> str:
    return proposer_card(world, max_tokens=UNBOUNDED)


def test_full_card_has_every_literal_operator_and_task(world, full_card):
    lines = full_card.splitlines()
    for name, literal_kind in world.language.literals.items():
        assert f"- {literal_kind.usage(name)} gives {literal_kind.output}: {literal_kind.about}." in lines
    examples = card_content(world).operator_examples
    for name, operator in world.language.operators.items():
        assert f"- {signature(operator)}: {operator.about}. {examples[name]}" in full_card
    for name, task in world.tasks.items():
        assert f"- {name.replace('_', ' ')}: {task.about}." in full_card
        assert f"{card_content(world).task_examples[name]}" in full_card


def test_examples_are_queries_that_the_environment_accepts(world):
    content = card_content(world)
    for name, example in content.operator_examples.items():
        assert not isinstance(world.parse_value(dump(example.query)), Rejected), example
        assert f'"{name}"' in json.dumps(dump(example.query)) and example.question
    for name, example in content.task_examples.items():
        assert world.task_of(world.parse_value(dump(example.query))) == name


def test_short_cards_are_the_embedded_models_prompts_byte_for_byte(world):
    task = next(iter(world.tasks))
    prompted = proposer.prompt(world, Briefing(task, 1, 3))[0]["content"][0]["text"]
    assert proposer_card(world, "short") in prompted
    assert coder_card(world, "short") == coder.prompt(world, ())[0]["content"][0]["text"]


def test_long_card_explains_the_task_and_names_the_rest(world):
    for task in world.tasks:
        card = proposer_card(world, task=task, example_count=0)
        needed = card_content(world).task_operators[task]
        for name, operator in world.language.operators.items():
            assert signature(operator) in card
            assert name not in needed or f"- {signature(operator)}: {operator.about}" in card
        for other_task in world.tasks:
            assert other_task.replace("_", " ") in card


def test_card_keeps_to_its_length(world):
    assert estimated_tokens(proposer_card(world, example_count=0)) <= MAX_CARD_TOKENS
    longest, shortest = (proposer_card(world, example_count=0, max_tokens=limit) for limit in (UNBOUNDED, 0))
    assert len(shortest) < len(longest)
    # The model's own count decides: at ten times as many tokens less fits.
    assert len(proposer_card(world, example_count=0, count_tokens=lambda text: 10 * len(text))) == len(shortest)


def test_example_proposals_are_read_drawn_and_answered(world):
    for example in example_proposals(world, SeededRng(("test", world.id)), 2):
        proposal = proposer.parse(world, example.to_json())
        assert not isinstance(proposal, Rejected), proposal
        assert proposal.requirements == example.requirements and proposal.task == example.briefing.task
        scene = world.render(example.item.program)
        assert world.missing_requirements(scene, proposal.requirements) == ()
        assert world.check(scene, proposal.query) is None
        assert example.to_json() in proposer_card(world, rng=SeededRng(("test", world.id)))


def test_examples_are_repeated_for_a_key_and_vary_between_keys(world):
    first, again, other = (
        [example.to_json() for example in example_proposals(world, SeededRng(("step", step)), 2)] for step in (1, 1, 2)
    )
    assert first == again != other


def test_coder_card_shows_a_program_that_draws_what_it_says(world):
    card = coder_card(world)
    (example,) = example_proposals(world, SeededRng(("card", world.id)), 1)
    assert card.startswith(world.guide) and card.endswith(f"\n{example.item.program}")
    assert all(world.describe(requirement) in card for requirement in example.requirements)


def test_card_of_canvas_reads_as_text():
    card = proposer_card(make("shapes/Canvas-v1"), max_tokens=UNBOUNDED)
    for line in (
        '- ["select", word, ...] with at most one word of each attribute (size: small, large; colour: red, green, '
        "blue, yellow, black, purple; shape: circle, square, triangle) gives Set: all objects that the words describe.",
        '- ["count", Set] gives Number: how many members a set has. ["count", ["select", "circle"]] asks "how many '
        'circles are there?"',
    ):
        assert line in card.splitlines()


def test_environment_without_a_language_has_the_short_card():
    class Spoken:
        words, example, guide = ("red",), '["red"]', "Draw."

    assert proposer_card(Spoken(), "full") == proposer_card(Spoken(), "short")
