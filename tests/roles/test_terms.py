"""The declared terms: what the published systems pay, as sums of terms; which weights a role has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.envs import Briefing, Item, Question, Rejected, Requirement, Truth, item_rng, make
from zerosight.render.drawing import Drawn
from zerosight.roles.coder import SpecCheck
from zerosight.roles.context import AnswerContext, ProgramContext, ProposalContext, StepContext
from zerosight.roles.labels import Vote
from zerosight.roles.proposer import Proposal
from zerosight.roles.terms import CODER, PROPOSER, SOLVER, TABLES
from zerosight.train.models.completions import Completion
from zerosight.train.recipes import recipe_config
from zerosight.train.rollouts import ProgramRollout, ProposalRollout

ENV = make("shapes/Canvas-v1")
ITEM = ENV.sample(item_rng(ENV.id, "train", 0, 0), "count", 1)
SATISFIED, WRONG_DRAWING = SpecCheck(True, True, 1.0, True), SpecCheck(True, True, 0.5, False)
share = st.integers(0, 8).map(lambda number: number / 8)


@dataclass
class Answered:
    """An item with chosen statistics instead of answers."""

    solve_rate: float
    vote_share: float = 1.0
    from_proposer: bool = True
    item: Item = ITEM
    rejection: Rejected | None = None
    answers: Sequence[Any] = ()
    scores: Sequence[Any] = ()
    scene_digest: str = field(default_factory=lambda: ITEM.scene.digest)

    @property
    def vote(self) -> Vote:
        return Vote("red", self.vote_share)


def rollout_of(
    items: Sequence[Answered] = (),
    checks: Sequence[SpecCheck | None] = (SATISFIED,),
    proposal: Proposal | Rejected | None = None,
    text: str = "a proposal",
    name: str = "proposal0",
) -> ProposalRollout:
    """Return a rollout whose items are about its first drawing."""
    rollout = ProposalRollout(ENV, Briefing("count", 1, 2), ("briefing0", name))
    rollout.completion = Completion((1,), (0.0,), text, True)
    rollout.proposal = proposal or Proposal("a concept", (Requirement(2, ()),), ["count", ["select"]], "count")
    rollout.program_rollouts = [ProgramRollout("<svg/>", Drawn(ITEM.scene, ()), check) for check in checks]
    rollout.answered_items = list(items)  # type: ignore[arg-type]
    return rollout


def proposer_value(recipe: str, rollout: ProposalRollout, *others: ProposalRollout, **step: Any) -> float:
    weights = recipe_config(recipe).rewards.proposer
    return PROPOSER.score(ProposalContext(rollout, StepContext([rollout, *others], **step)), weights).value


def coder_value(recipe: str, rollout: ProposalRollout, program: ProgramRollout | None = None) -> float:
    program = program or rollout.program_rollouts[0]
    check = program.spec_check or SpecCheck(False, False, 0.0, False)
    return CODER.score(ProgramContext(program, check, rollout), recipe_config(recipe).rewards.coder).value


def solver_value(weights: Mapping[str, float], correct: float, well_formed: float) -> float:
    reply = Completion((1,), (0.0,), "red", True)
    return SOLVER.score(AnswerContext(reply, Answered(0.5), correct, well_formed), weights).value


@pytest.mark.parametrize(
    ("length_share", "value"), [(0.0, 0.0), (0.8, 0.0), (0.81, -0.05), (0.9, -0.5), (1.0, -1.0)]
)
def test_overlong_answers_are_paid_less_the_nearer_they_come_to_the_limit(length_share: float, value: float) -> None:
    reply = Completion((1,), (0.0,), "red", True)
    context = AnswerContext(reply, Answered(0.5), 1.0, 1.0, length_share)
    assert SOLVER.score(context, {"correct": 1.0, "overlong": 1.0}).value == pytest.approx(1.0 + value)


# --- the default -----------------------------------------------------------------------------------------------


def test_the_default_weights_are_documented_terms() -> None:
    for role, table in TABLES.items():
        assert table.role == role and table.default_weights() == getattr(recipe_config("zerosight").rewards, role)
        assert all(term.about.endswith(".") for term in table.terms.values())


def test_the_default_proposal_is_paid_by_hand() -> None:
    rollout = rollout_of(
        [Answered(0.75), Answered(0.5, from_proposer=False)], [SATISFIED, SATISFIED, WRONG_DRAWING, None]
    )
    rollout.question_rejections = [Rejected("ambiguous", "two", "")]
    score = PROPOSER.score(
        ProposalContext(rollout, StepContext([rollout])), recipe_config("zerosight").rewards.proposer
    )
    assert score.terms == {
        "format": 1.0,
        "follows_briefing": 1.0,
        "render_success_rate": pytest.approx(2 / 3),
        "answerable": 0.5,
        "learnability": 0.75,
        "query_novelty": 1.0,
    }
    assert score.value == pytest.approx(0.2 + 0.2 + 0.1 * 2 / 3 + 0.2 * 0.5 + 0.5 * 0.75 + 0.1)


def test_a_rejected_proposal_earns_nothing_by_default() -> None:
    rejected = rollout_of(proposal=Rejected("syntax", "no JSON", ""))
    score = PROPOSER.score(
        ProposalContext(rejected, StepContext([rejected])), recipe_config("zerosight").rewards.proposer
    )
    assert score.value == 0.0 and set(score.terms.values()) == {0.0}


@pytest.mark.parametrize(
    ("check", "value"), [(SATISFIED, 1.0), (WRONG_DRAWING, 0.5), (SpecCheck(True, False, 0.0, False), 0.2)]
)
def test_the_default_program_is_paid_by_its_check(check: SpecCheck, value: float) -> None:
    assert coder_value("zerosight", rollout_of(checks=[check])) == pytest.approx(value)


# --- published sums, said a second time ------------------------------------------------------------------------


@given(s=share, other=st.sampled_from(["a proposal", "wholly unlike words"]))
def test_r_zero_pays_the_split_less_the_cluster(s: float, other: str) -> None:
    rollout, neighbour = rollout_of([Answered(0.5, s)]), rollout_of(text=other, name="proposal1")
    neighbour.proposal = Rejected("syntax", "no", "")
    question = ITEM.question.text
    cluster = 1.0 if question == other else 0.5
    assert proposer_value("r-zero", rollout, neighbour) == pytest.approx(min(s, 1 - s) - cluster)
    assert proposer_value("visplay", neighbour, rollout) == pytest.approx(-1 - cluster)


@given(p=share)
def test_absolute_zero_pays_1_less_the_accuracy_where_any_answer_was_correct(p: float) -> None:
    rollout = rollout_of([Answered(p)])
    assert proposer_value("absolute-zero", rollout) == coder_value("absolute-zero", rollout) == (1 - p if p else 0)
    for code, value in (("syntax", -1.0), ("leaks", -0.5)):
        assert proposer_value("absolute-zero", rollout_of(proposal=Rejected(code, "", ""))) == value
        rejected = ProgramRollout("<svg", Rejected(code, "", ""), SpecCheck(False, False, 0.0, False))
        assert coder_value("absolute-zero", rollout, rejected) == value


@given(easy=share, c=share)
def test_mm_zero_pays_what_its_code_pays(easy: float, c: float) -> None:
    rollout = rollout_of([Answered(easy, from_proposer=False), Answered(0.5, c)])
    split = min(c, 1 - c)
    assert proposer_value("mm-zero", rollout) == pytest.approx(min(easy, 0.5) + split - 0.3 * (split < 0.15))
    assert coder_value("mm-zero", rollout) == pytest.approx(1 + easy + split)
    assert coder_value("mm-zero", rollout, ProgramRollout("", Rejected("xml", "", ""), None)) == -0.5
    assert proposer_value("mm-zero", rollout_of(proposal=Rejected("word", "", ""))) == -1.0
    assert solver_value(recipe_config("mm-zero").rewards.solver, c, 1.0) == pytest.approx(0.9 * c + 0.1)


@given(p=share, q=share)
def test_eve_pays_format_validity_and_difficulty(p: float, q: float) -> None:
    rollout = rollout_of([Answered(p), Answered(q)])
    difficulty = (2 - 2 * abs(p - 0.5) - 2 * abs(q - 0.5)) / 2
    assert coder_value("eve", rollout) == pytest.approx(0.2 + 0.4 + 0.4 * difficulty)
    assert coder_value("eve", rollout, ProgramRollout("#" * 3, Rejected("xml", "", ""), None)) == 0.0
    assert solver_value(recipe_config("eve").rewards.solver, p, 1.0) == pytest.approx(0.8 * p + 0.2)


def test_spatialevo_pays_a_valid_question_at_least_a_tenth() -> None:
    counted = Item(
        "i", ENV.id, "object_counting", 1, "", ITEM.scene, Question([], "?", "number", ()), Truth("1", "number", 1)
    )
    for item, validity in ((ITEM, 1.0), (counted, 0.5)):
        assert proposer_value("spatialevo", rollout_of([Answered(0.5, item=item)])) == pytest.approx(
            0.1 + 0.09 * validity
        )
    assert proposer_value("spatialevo", rollout_of(proposal=Rejected("leaks", "", ""))) == pytest.approx(0.1)
    assert proposer_value("spatialevo", rollout_of(proposal=Rejected("syntax", "", ""))) == -1.0
    assert solver_value(recipe_config("spatialevo").rewards.solver, 0.3, 1.0) == pytest.approx(0.37)


@pytest.mark.parametrize("recipe", ["infuser", "soar"])
def test_a_measured_utility_is_the_whole_pay(recipe: str) -> None:
    rollout = rollout_of()
    assert proposer_value(recipe, rollout, utilities={rollout.path: 0.25}) == 0.25
    assert proposer_value(recipe, rollout_of(proposal=Rejected("leaks", "", ""))) == -1.0
