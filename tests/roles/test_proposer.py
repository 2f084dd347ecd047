import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerosight.envs import Briefing, Environment, Rejected, Requirement, SeededRng, item_rng, list_environments, make
from zerosight.envs.language.query import dump
from zerosight.roles import proposer
from zerosight.roles.proposer import MAX_CONCEPT_CHARS, Proposal

ENV = make("shapes/Canvas-v1")
SCENE = ENV.render('<svg viewBox="0 0 64 64"><circle cx="12" cy="12" r="5" fill="red"/></svg>')
GOOD = {
    "concept": "a crowd of circles",
    "draw": [[2, "red", "circle"], [1, "small", "blue", "square"], [1]],
    "ask": ["colour", ["leftmost", ["select", "circle"]]],
}


def changed(**fields: object) -> str:
    return json.dumps(GOOD | fields)


def test_proposal_is_read():
    proposal = proposer.parse(ENV, f"\n{json.dumps(GOOD)}\n")
    assert isinstance(proposal, Proposal)
    assert proposal.concept == "a crowd of circles" and proposal.task == "extreme_colour" and proposal.objects == 4
    assert proposal.requirements[1] == Requirement(1, ("small", "blue", "square"))
    assert ENV.ask(proposal.query, item_rng("e", "train", 0, 0), SCENE).query == GOOD["ask"]


def test_query_of_no_named_form_has_no_task():
    query = ["colour", ["nearest", ["left_of", ["select"], ["leftmost", ["select", "red"]]], ["topmost", ["select"]]]]
    assert proposer.parse(ENV, changed(ask=query)).task is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "syntax"), ("   ", "syntax"), ("I propose a circle.", "syntax"), ("[]", "syntax"), ("{}", "syntax"),
        ("null", "syntax"),
        (json.dumps(GOOD)[:-1], "syntax"), (f"<think>{json.dumps(GOOD)}", "syntax"),
        (json.dumps({key: GOOD[key] for key in ("concept", "draw")}), "syntax"),
        (changed(concept=""), "concept"), (changed(concept="  "), "concept"), (changed(concept=None), "concept"),
        (changed(concept=["a"]), "concept"), (changed(concept="a" * (MAX_CONCEPT_CHARS + 1)), "concept"),
        (changed(draw=[]), "requirements"), (changed(draw="two red circles"), "requirements"),
        (changed(draw=[[9]]), "requirements"),
        (changed(draw=[[0, "red"]]), "requirements"), (changed(draw=[[1, "rde"]]), "word"),
        (changed(draw={"red": 1}), "requirements"),
        (changed(ask="colour"), "syntax"), (changed(ask=["select"]), "answer"),
        (changed(ask=["count", ["selekt"]]), "operator"),
        (changed(ask=["colour", ["leftmost", ["select", "red"]]]), "leaks"),
        (changed(ask=["count", ["select", "tiny"]]), "word"),
        (changed(concept="a" * 2_000), "syntax"), ("[" * 1_000, "syntax"), ("1" * 1_999, "syntax"),
        (changed(draw=[[1]]).replace("[[1]]", "[[" + "9" * 1_500 + "]]"), "requirements"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)  # fmt: skip
def test_flaw_is_named(text, code):
    rejected = proposer.parse(ENV, text)
    assert isinstance(rejected, Rejected) and rejected.code == code and rejected.reason


def test_concept_can_be_written_to_a_file():
    found = proposer.parse(ENV, changed(concept="\ud800"))
    assert isinstance(found, Rejected) or found.concept.encode()


@given(st.text())
def test_no_text_makes_parsing_raise(text):
    assert isinstance(proposer.parse(ENV, text), (Rejected, Proposal))


parts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["red", "circle",
    "select", "count", "unique"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=200)
@given(st.sampled_from(["concept", "draw", "ask", "other"]), parts)
def test_no_part_makes_parsing_raise(key, value):
    assert isinstance(proposer.parse(ENV, json.dumps(GOOD | {key: value})), (Rejected, Proposal))


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.sampled_from('[]{}",:x0 \\\x00é'), st.booleans()), min_size=1, max_size=5
    )
)
def test_no_mutation_makes_parsing_raise(edits):
    text = json.dumps(GOOD)
    for place, character, replace in edits:
        place %= len(text) + 1
        text = text[:place] + character + text[place + replace :]
    assert isinstance(proposer.parse(ENV, text), (Rejected, Proposal))


# --- prompt and briefing -----------------------------------------------------------------------------------------


def test_prompt_gives_the_briefing_and_the_words(env: Environment):
    system, user = proposer.prompt(env, Briefing("extreme_colour", 3, 5))
    assert user["content"] == [{"type": "text", "text": "propose: extreme colour, 5 objects"}]
    assert all(word in system["content"][0]["text"] for word in env.words)
    assert "%s" not in system["content"][0]["text"]


@pytest.mark.parametrize(
    ("task", "objects", "kept"),
    [("extreme_colour", 4, 1.0), ("extreme_colour", 3, 0.5), ("count", 4, 0.5), ("count", 5, 0.0)],
)
def test_agreement_with_the_briefing(task, objects, kept):
    assert proposer.briefing_agreement(Briefing(task, 2, objects), proposer.parse(ENV, json.dumps(GOOD))) == kept


def test_schema_takes_what_any_of_its_worlds_can_be_asked_and_nothing_else() -> None:
    from jsonschema import Draft202012Validator

    worlds = [make("shapes/Canvas-v1"), make("transforms/Edit-v1")]
    both = Draft202012Validator(proposer.schema(worlds))
    one, other = (Draft202012Validator(proposer.schema([world])) for world in worlds)
    canvas, edit = (dump(world.query(SeededRng(("schema",)), next(iter(world.tasks)))) for world in worlds)
    good = {"concept": "a title", "draw": [[1, "red"]], "ask": json.loads(json.dumps(canvas))}
    edited = {**good, "draw": [[4, "edit"]], "ask": json.loads(json.dumps(edit))}
    assert both.is_valid(good) and both.is_valid(edited)
    assert one.is_valid(good) and not one.is_valid(edited)
    assert other.is_valid(edited) and not other.is_valid(good)
    # Each has one thing wrong with it.
    for wrong in (["nothing"], "red", []):
        assert not both.is_valid({**good, "ask": wrong})
    for wrong in ([], [[0, "red"]], [[1, "grey"]], [[1, "red", "blue"]], [["red"]], [[90]], "red", [1]):
        assert not both.is_valid({**good, "draw": wrong}), wrong
    assert not both.is_valid({**good, "concept": ""})
    assert not both.is_valid({**good, "more": 1})
    assert not both.is_valid({"concept": "a title", "ask": good["ask"]})


@pytest.mark.parametrize("env_id", [env_id for env_id in list_environments() if "@" not in env_id])
def test_whatever_the_schema_lets_be_drawn_can_be_asked_for(env_id: str) -> None:
    world, rng = make(env_id), SeededRng(("schema", env_id))

    def written(schema: dict) -> Any:
        if "anyOf" in schema:
            return written(rng.choice(schema["anyOf"]))
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if "prefixItems" in schema:
            return [written(item) for item in schema["prefixItems"]]
        return [written(schema["items"]) for _ in range(schema["minItems"])]

    for _ in range(100):
        draw = written(world.requirements_schema())
        assert isinstance(world.requirements(draw), tuple), draw
