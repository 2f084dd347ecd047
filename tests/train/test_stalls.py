"""A run that teaches nothing says so within three steps, with the cause and the option; at last it stops."""

import logging
import re
from typing import Any

import pytest

from zerosight.train.config import RunConfig, known_keys
from zerosight.train.models.policy import ROLES
from zerosight.train.stalls import StalledRunError, StallWatch, likely_cause, teaches_nothing

FLAT = {f"{role}/{name}": 4.0 for role in ROLES for name in ("groups", "flat_groups")}
FINE = FLAT | {
    "proposals": 4,
    "proposals_valid": 4,
    "programs": 8,
    "programs_rendered": 8,
    "programs_spec_satisfied": 6,
}


@pytest.mark.parametrize(
    ("metrics", "cause", "option"),
    [
        ({"proposals_valid": 0, "rejected": {"proposal/unfinished": 4}}, "proposals were cut off", "proposer_tokens"),
        ({"rejected": {"program/unfinished": 8}}, "all programs were cut off", "rollout.coder_tokens"),
        ({"proposals_valid": 0, "rejected": {"proposal/syntax": 3, "proposal/word": 1}}, "syntax", "constrained"),
        ({"programs_spec_satisfied": 0}, "no program drew what was asked", "rollout.num_programs"),
        ({"items": 0, "rejected": {"question/ambiguous": 9}}, "most often ambiguous", "rollout.num_proposals"),
        ({"items": 5, "solve_rate": 0.0, "solver/term/format": 0.0}, "no answer was of the kind", "tokens"),
        ({"items": 5, "solve_rate": 1.0}, "nearly everything correctly", "envs"),
        ({"items": 5, "solve_rate": 0.02}, "nearly nothing correctly", "envs"),
        ({"items": 5, "solve_rate": 0.5}, "paid alike", "rollout.num_answers"),
    ],
)  # fmt: skip
def test_the_cause_is_named_with_an_option_that_exists(metrics: dict[str, Any], cause: str, option: str) -> None:
    text = likely_cause(FINE | metrics)
    assert cause in text and option in text
    named = re.findall(r"(?:rollout|generator)\.\w+", text)
    assert set(named) <= set(known_keys())


def test_three_stalled_steps_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    watch = StallWatch(RunConfig(stop_after_stalled_steps=6))
    stalled = FINE | {"items": 5, "solve_rate": 1.0}
    with caplog.at_level(logging.WARNING):
        told = [watch.note(stalled, ("solver",)) for _ in range(5)]
    assert [text is not None for text in told] == [False, False, True, False, False]
    assert len(caplog.records) == 1 and "3 steps in a row taught nothing" in caplog.text
    with pytest.raises(StalledRunError, match=r"6 steps in a row taught nothing: the Solver.*stop_after_stalled_steps"):
        watch.note(stalled, ("solver",))


def test_a_step_with_signal_begins_the_count_anew() -> None:
    watch = StallWatch(RunConfig(stop_after_stalled_steps=3))
    for _ in range(4):
        assert watch.note(FLAT, ROLES) is None and watch.note(FLAT, ROLES) is None
        watch.note(FLAT | {"coder/flat_groups": 3.0}, ROLES)
    assert watch.stalled_steps == 0


def test_signal_of_a_role_that_does_not_learn_does_not_count() -> None:
    assert teaches_nothing(FLAT | {"coder/flat_groups": 3.0}, ("solver",))
    assert not teaches_nothing(FLAT | {"solver/imitated": 3.0}, ("solver",))


def test_any_number_of_stalled_steps_is_allowed_at_0() -> None:
    watch = StallWatch(RunConfig(stop_after_stalled_steps=0))
    for _ in range(200):
        watch.note(FLAT, ROLES)


def test_a_resumed_run_counts_on_from_what_is_logged() -> None:
    watch = StallWatch(RunConfig(stop_after_stalled_steps=4))
    taught = FLAT | {"coder/flat_groups": 3.0}
    steps = [FLAT, FLAT, taught, FLAT, FLAT]
    watch.recall([entry | {"step": number} for number, entry in enumerate(steps, start=1)])
    assert watch.stalled_steps == 2
    assert watch.note(FLAT, ROLES) is not None
    with pytest.raises(StalledRunError, match="4 steps in a row"):
        watch.note(FLAT, ROLES)
