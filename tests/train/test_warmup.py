"""The warm-up's lessons: true, valid, and never an answer that is left to the run."""

import math
import re
from collections import Counter

import pytest

from zerosight.envs import Environment, FlatScene, Rejected, item_rng, make
from zerosight.envs.shapes.canvas import parse_scene
from zerosight.roles import proposer
from zerosight.train.seed.lessons import ANSWERED_FORMS, GRID, Page, Syllabus, page, pages, requirements_of

RELATED = Syllabus(relations=True, extra_answers=2)
PAGES = [page(3, index, RELATED) for index in range(60)]


def lessons(start: str) -> list[tuple[Page, str, str]]:
    every_lesson = [(page, lesson) for page in PAGES for lesson in (*page.picture_lessons, *page.text_lessons)]
    return [(page, lesson.prompt, lesson.reply) for page, lesson in every_lesson if lesson.prompt.startswith(start)]


def test_pages_do_not_depend_on_the_number_of_workers() -> None:
    made = [one for chunk in pages(3, 0, 12, 2, RELATED) for one in chunk]
    assert [(p.picture_lessons, p.text_lessons, p.picture.tobytes()) for p in made] == [
        (p.picture_lessons, p.text_lessons, p.picture.tobytes()) for p in PAGES[:12]
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
        prompt, reply = next((one.prompt, one.reply) for one in p.text_lessons if one.prompt.startswith("draw: "))
        scene = env.render(reply)
        assert isinstance(scene, FlatScene), scene
        wanted = env.requirements([
            [int(count), *(word.removesuffix("s") for word in words.split())]
            for count, words in re.findall(r"(\d) ([a-z ]+)", prompt)
        ])  # fmt: skip
        assert not isinstance(wanted, Rejected), wanted
        assert env.missing_requirements(scene, wanted) == ()


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


Seen = tuple[int, int, str]
"""Column, row and name of an object, as the full caption says."""


def caption(p: Page) -> list[Seen]:
    full = next(one.reply for one in p.picture_lessons if re.fullmatch("describe from the [a-z]+", one.prompt))
    return [(int(x), int(y), name) for x, y, name in (part.split(" ", 2) for part in full.split(", "))]


def only(objects: list[Seen], name: str) -> Seen:
    (found,) = (seen for seen in objects if seen[2].endswith(name))
    return found


def names(reply: str) -> list[str]:
    return [] if reply == "nothing" else reply.split(", ")


def test_tallies_agree_with_the_full_caption() -> None:
    found = lessons("count by ")
    assert len(found) == 2 * len(PAGES)
    for p, prompt, reply in found:
        index = {"colour": 1, "shape": 2}[prompt.removeprefix("count by ")]
        counted = Counter(name.split()[index] for _, _, name in caption(p))
        assert {word: int(n) for n, word in map(str.split, reply.split(", "))} == counted


def test_relations_agree_with_the_places_of_the_full_caption() -> None:
    offset = {
        "left of": lambda one, other: other[0] - one[0],
        "right of": lambda one, other: one[0] - other[0],
        "above": lambda one, other: other[1] - one[1],
        "below": lambda one, other: one[1] - other[1],
    }
    sided = near = ways = 0
    for p, prompt, reply in lessons("describe "):
        objects = caption(p)
        if match := re.fullmatch(r"describe (left of|right of|above|below) the (.+)", prompt):
            anchor, sided = only(objects, match[2]), sided + 1
            # Places are rounded in captions: what is level there may lie on either side.
            offsets = [(offset[match[1]](seen, anchor), seen[2]) for seen in objects if seen is not anchor]
            surely, maybe = (Counter(name for by, name in offsets if by > low) for low in (0, -1))
            assert surely <= Counter(names(reply)) <= maybe
        if match := re.fullmatch(r"describe near the (.+)", prompt):
            anchor, near = only(objects, match[1]), near + 1
            others = [seen for seen in objects if seen is not anchor]
            by_name = {seen[2]: math.dist(seen[:2], anchor[:2]) for seen in others}
            assert Counter(names(reply)) == Counter(seen[2] for seen in others)
            if len(by_name) == len(others):
                distances = [by_name[name] for name in names(reply)]
                assert distances == pytest.approx(sorted(distances), abs=2 * GRID)
    for p, prompt, reply in lessons("how the "):
        first, second = re.fullmatch("how the (.+) lies to the (.+)", prompt).groups()  # type: ignore[union-attr]
        one, other = only(caption(p), first), only(caption(p), second)
        surely, maybe = ({side.split()[0] for side in offset if offset[side](one, other) > low} for low in (0, -1))
        assert surely <= set(reply.split()) <= maybe
        ways += 1
    assert min(sided, near, ways) > 50


def test_only_taught_forms_on_easy_pictures_are_answered(env: Environment) -> None:
    asked = [one for p in PAGES for one in p.picture_lessons if "?" in one.prompt]
    assert asked
    for p in PAGES:
        if any("?" in one.prompt for one in p.picture_lessons):
            full = next(one.reply for one in p.picture_lessons if re.fullmatch("describe from the [a-z]+", one.prompt))
            assert full.count(",") + 1 <= 3
    # No relation, comparison or distance between objects is ever answered.
    words = ("nearest", "farthest", "more", "fewer", "outnumber", "as many", "equally many", "largest", "smallest")
    assert not [one.prompt for one in asked if any(word in one.prompt for word in words)]
    assert set(ANSWERED_FORMS) < set(env.tasks)


@pytest.mark.parametrize("task", ["largest", "count", "nearest"])
def test_requirements_are_met_by_the_item_they_come_from(task: str) -> None:
    world = make("shapes/Canvas-v1")
    for index in range(20):
        own = item_rng(world.id, "train", 11, index)
        item = world.sample(own, task, 1 + index % 3)
        things = parse_scene(item.scene)
        assert not isinstance(things, Rejected)
        assert world.missing_requirements(item.scene, requirements_of(own, item, things)) == ()
