"""How unlike one another a step's proposals are, worked by hand; each statistic computed once."""

import pytest

from zerosight.envs import Briefing, make
from zerosight.geometry import statistics
from zerosight.render import Rejected, resolve_svg
from zerosight.render.drawing import Drawn
from zerosight.roles import context
from zerosight.roles.context import ProposalContext, StepContext
from zerosight.roles.novelty import scene_novelty
from zerosight.roles.proposer import Proposal
from zerosight.roles.terms import PROPOSER
from zerosight.train.rollouts import ProgramRollout, ProposalRollout

ENV = make("shapes/Canvas-v1")
DOT = '<svg viewBox="0 0 64 64"><circle cx="{x}" cy="20" r="8" fill="#ff0000"/></svg>'
TWO = DOT.replace("</svg>", '<rect x="40" y="40" width="12" height="12" fill="#0000ff"/></svg>')


def drawn_program(program: str) -> ProgramRollout:
    scene = resolve_svg(program)
    assert not isinstance(scene, Rejected)
    return ProgramRollout(program, Drawn(scene, ()), None)


def proposed(number: int, concept: str, *programs: str) -> ProposalRollout:
    rollout = ProposalRollout(ENV, Briefing("count", 1, 1), (f"proposal{number}",))
    rollout.proposal = Proposal(concept, (), ["count", ["all"]], "count")
    rollout.program_rollouts = [drawn_program(program) for program in programs]
    return rollout


def diversity(rollouts: list[ProposalRollout], name: str) -> list[float]:
    """Return the term of this name for each proposal of a step."""
    step = StepContext(rollouts)
    return [PROPOSER.terms[name].compute(ProposalContext(rollout, step)) for rollout in rollouts]


def test_what_no_other_has_is_new() -> None:
    first, second = DOT.format(x=10), DOT.format(x=30)
    step = [
        proposed(0, "a red dot", first, second),
        proposed(1, "a red dot", second),
        proposed(2, "shapes lie side by side", TWO.format(x=10)),
    ]
    assert diversity(step, "program_novelty") == [0.0, 0.0, 1.0], "a structure has no numbers"
    assert diversity(step, "concept_novelty") == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    scenes = diversity(step, "scene_novelty")
    assert scenes[1] == 0.0, "the first has the very scene"
    outcomes = [program.outcome for number in (2, 0, 1) for program in step[number].program_rollouts]
    own_statistics, *other_statistics = (statistics(outcome.scene) for outcome in outcomes)  # type: ignore[union-attr]
    away = scene_novelty(own_statistics, other_statistics)
    assert scenes[2] == pytest.approx(away) and away > 0.5


def test_two_structures_of_ones_own_count_as_a_share_of_its_programs() -> None:
    step = [proposed(0, "one", DOT.format(x=10), TWO.format(x=10), TWO.format(x=12)), proposed(1, "other")]
    assert diversity(step, "program_novelty") == pytest.approx([2 / 3, 0.0])
    assert diversity(step, "concept_novelty") == [0.5, 0.5]
    assert diversity(step, "scene_novelty")[1] == 0.0


def test_nothing_drawn_and_nobody_else() -> None:
    alone = [proposed(0, "alone", DOT.format(x=9))]
    assert [diversity(alone, f"{name}_novelty") for name in ("program", "concept", "scene")] == [[1.0], [0.0], [1.0]]
    alone[0].program_rollouts = [ProgramRollout("<svg", Rejected("xml", "no", "mend it"), None)]
    assert diversity(alone, "scene_novelty") == [0.0]


def test_each_scenes_statistics_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []

    def counted_statistics(scene: object) -> dict[str, float]:
        computed.append(scene)
        return statistics(scene)  # type: ignore[arg-type]

    monkeypatch.setattr(context, "statistics", counted_statistics)
    step = [
        proposed(number, f"concept {number}", DOT.format(x=10 + number), DOT.format(x=20 + number))
        for number in range(6)
    ]
    diversity(step, "scene_novelty")
    assert len(computed) == 12
