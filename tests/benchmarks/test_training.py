"""What is compared with TRL: the same work, and a reward that nobody learns."""

import pytest

from zerosight.benchmarks.own.training import Load, Timer, _text, compare, loads, our_steps, reward


def test_both_loads_have_what_their_role_sees() -> None:
    answers, programs = loads()
    assert all(picture is not None for _, picture in answers.prompts)
    assert all(picture is None for _, picture in programs.prompts)
    assert len({str(messages) for messages, _ in answers.prompts}) > 16


def test_the_reward_is_even_and_repeats() -> None:
    values = [reward(str(n)) for n in range(2000)]
    assert values == [reward(str(n)) for n in range(2000)]
    assert sum(values) / 2000 == pytest.approx(0.5, abs=0.05)


def test_a_step_of_ours_is_timed_in_its_parts() -> None:
    timer = Timer()
    load = loads()[0]
    step = our_steps(Load(load.name, load.role, load.prompts[:2], 4, 3), timer)
    step()
    step()
    assert len(timer.steps) == 2
    for found in timer.steps:
        assert found["step"] >= found["prompts"] + found["generation"] + found["learning"] > 0
        assert 8 <= found["tokens"] <= 24


def test_completions_are_read_in_every_form() -> None:
    assert _text("red") == "red"
    assert _text([{"role": "assistant", "content": "red"}]) == "red"
    assert _text([{"role": "assistant", "content": [{"type": "text", "text": "red"}]}]) == "red"


def test_beside_trl_itself() -> None:
    pytest.importorskip("trl", reason="TRL is installed by make bench-train alone")
    load = loads()[0]
    found = compare(Load(load.name, load.role, load.prompts[:4], 4, 3), 4)
    assert found["steps"] == 2
    assert found["step_speedup"] > 0
