"""How unlike a step's proposals are, worked by hand."""

import pytest

from zerosight.envs import Briefing, make
from zerosight.geometry import statistics
from zerosight.render import Rejected, resolve_svg
from zerosight.render.drawing import Drawn
from zerosight.roles.novelty import scene_novelty
from zerosight.roles.proposer import Proposal
from zerosight.train.diversity import varieties
from zerosight.train.rollouts import ProgramRollout, ProposalRollout

ENV = make("shapes/Canvas-v1")
DOT = '<svg viewBox="0 0 64 64"><circle cx="{x}" cy="20" r="8" fill="#ff0000"/></svg>'
TWO = DOT.replace("</svg>", '<rect x="40" y="40" width="12" height="12" fill="#0000ff"/></svg>')


def drawing(program: str) -> ProgramRollout:
    scene = resolve_svg(program)
    assert not isinstance(scene, Rejected)
    return ProgramRollout(program, Drawn(scene, ()), None)


def rollout(number: int, concept: str, *programs: str) -> ProposalRollout:
    made = ProposalRollout(ENV, Briefing("count", 1, 1), (f"proposal{number}",))
    made.proposal = Proposal(concept, (), ["count", ["all"]], "count")
    made.program_rollouts = [drawing(program) for program in programs]
    return made


def test_what_no_other_has_is_new() -> None:
    first, second = DOT.format(x=10), DOT.format(x=30)
    step = [
        rollout(0, "a red dot", first, second),
        rollout(1, "a red dot", second),
        rollout(2, "shapes lie side by side", TWO.format(x=10)),
    ]
    found = varieties(step)
    assert [each["structure"] for each in found] == [0.0, 0.0, 1.0], "a structure has no numbers"
    assert [each["wording"] for each in found] == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert found[1]["scene"] == 0.0, "the first has the very scene"
    drawn = [each.outcome for number in (2, 0, 1) for each in step[number].program_rollouts]
    mine, *others = (statistics(outcome.scene) for outcome in drawn)  # type: ignore[union-attr]
    away = scene_novelty(mine, others)
    assert found[2]["scene"] == pytest.approx(away) and away > 0.5


def test_two_structures_of_ones_own_count_as_a_share_of_its_programs() -> None:
    step = [rollout(0, "one", DOT.format(x=10), TWO.format(x=10), TWO.format(x=12)), rollout(1, "other")]
    assert varieties(step)[0]["structure"] == pytest.approx(2 / 3)
    assert varieties(step)[1] == {"structure": 0.0, "wording": 0.5, "scene": 0.0}


def test_nothing_drawn_and_nobody_else() -> None:
    assert varieties([]) == []
    assert varieties([rollout(0, "alone", DOT.format(x=9))]) == [{"structure": 1.0, "wording": 0.0, "scene": 1.0}]
    refused = rollout(0, "alone")
    refused.program_rollouts = [ProgramRollout("<svg", Rejected("xml", "no", "mend it"), None)]
    assert varieties([refused])[0]["scene"] == 0.0
