"""The warm-up's lessons: true, valid, and never an answer that is left to the run."""

import re

import pytest

from zerosight.envs import Environment, FlatScene, Rejected, make, stream
from zerosight.envs.shapes.canvas import perceive
from zerosight.roles import proposer
from zerosight.train.warmup import ANSWERED, GRID, Page, page, pages, requirements_of

PAGES = [page(3, index) for index in range(60)]


def lessons(start: str) -> list[tuple[Page, str, str]]:
    return [(p, one.prompt, one.reply) for p in PAGES for one in (*p.seen, *p.told) if one.prompt.startswith(start)]


def test_pages_do_not_depend_on_the_number_of_workers() -> None:
    made = [one for chunk in pages(3, 0, 12, workers=2) for one in chunk]
    assert [(p.seen, p.told, p.picture.tobytes()) for p in made] == [
        (p.seen, p.told, p.picture.tobytes()) for p in PAGES[:12]
    ]


def test_proposals_are_valid_and_keep_to_their_briefing(env: Environment) -> None:
    found = lessons("propose: ")
    assert len(found) == 30
    for _, prompt, reply in found:
        parsed = proposer.parse(env, reply)
        assert isinstance(parsed, proposer.Proposal), parsed
        assert parsed.task is not None
        assert prompt == f"propose: {parsed.task.replace('_', ' ')}, {parsed.objects} objects"


def test_programs_draw_what_was_asked(env: Environment) -> None:
    for p in PAGES:
        prompt, reply = next((one.prompt, one.reply) for one in p.told if one.prompt.startswith("draw: "))
        scene = env.render(reply)
        assert isinstance(scene, FlatScene), scene
        wanted = env.requirements([
            [int(count), *(word.removesuffix("s") for word in words.split())]
            for count, words in re.findall(r"(\d) ([a-z ]+)", prompt)
        ])  # fmt: skip
        assert not isinstance(wanted, Rejected), wanted
        assert env.unmet(scene, wanted) == ()


def test_captions_name_what_a_second_reading_of_the_pixels_finds() -> None:
    colours = {
        "red": (255, 0, 0),
        "green": (0, 128, 0),
        "blue": (0, 0, 255),
        "yellow": (255, 255, 0),
        "black": (0, 0, 0),
        "purple": (128, 0, 128),
    }
    found = lessons("what is at ")
    assert found
    for p, prompt, reply in found:
        x, y = map(int, prompt.removeprefix("what is at ").split())
        near = p.picture[max(0, y - GRID // 2) : y + GRID // 2 + 1, max(0, x - GRID // 2) : x + GRID // 2 + 1].reshape(
            -1, 3
        )
        assert (near == colours[reply.split()[1]]).all(1).any(), (prompt, reply)


def test_only_taught_forms_on_easy_pictures_are_answered(env: Environment) -> None:
    asked = [one for p in PAGES for one in p.seen if one.prompt.endswith("?")]
    assert asked
    for p in PAGES:
        if any(one.prompt.endswith("?") for one in p.seen):
            full = next(one.reply for one in p.seen if re.fullmatch("describe from the [a-z]+", one.prompt))
            assert full.count(",") + 1 <= 3
    # No relation, comparison or distance between objects is ever answered.
    words = ("nearest", "farthest", "more", "fewer", "outnumber", "as many", "equally many", "largest", "smallest")
    assert not [one.prompt for one in asked if any(word in one.prompt for word in words)]
    assert set(ANSWERED) < set(env.tasks)


@pytest.mark.parametrize("task", ["largest", "count", "nearest"])
def test_requirements_are_met_by_the_item_they_come_from(task: str) -> None:
    world = make("shapes/Canvas-v1")
    for index in range(20):
        own = stream(world.id, "train", 11, index)
        item = world.sample(own, task, 1 + index % 3)
        things = perceive(item.scene)
        assert not isinstance(things, Rejected)
        assert world.unmet(item.scene, requirements_of(own, item, things)) == ()
