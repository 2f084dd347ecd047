"""Sampling, several replies, examples, the system turn, picture sizes, prices and submissions."""

import json
from pathlib import Path

import pytest
import torch
from toy_benchmark import Talker, Toy, answerer, number_in, question, right_below, toy

from zerosight.benchmarks.evaluation.benchmark import EvaluationError
from zerosight.benchmarks.evaluation.cache import Cache
from zerosight.benchmarks.evaluation.models import Answerer, plain_prompt
from zerosight.benchmarks.evaluation.results import EvaluationResult, notes_of, score_all, usage_of, write_evaluation
from zerosight.benchmarks.evaluation.runner import ask
from zerosight.benchmarks.evaluation.settings import Decoding, Settings, check_pick, pass_at, score_of
from zerosight.benchmarks.samples import Sample
from zerosight.train.models.completions import Completion


class Dice:
    """Says what it is told to for the seed that it is asked under."""

    def __init__(self, *sayings: str) -> None:
        self.sayings, self.seeds, self.messages, self.sizes = sayings, [], [], []  # type: ignore[var-annotated]

    def generate(self, role, prompts, sampling, seed):
        self.seeds.append((seed, sampling.temperature))
        self.messages += [prompt.messages for prompt in prompts]
        self.sizes += [picture.array.shape[:2] for prompt in prompts for picture in prompt.pictures]
        said = self.sayings[seed % len(self.sayings)]
        return [[Completion((1, 2, 3), (), said, True, 0.0, trainable=False)] for _ in prompts]


def model(dice: Dice) -> Answerer:
    return Answerer(name="dice", digest="dice", generator=dice, make_prompt=plain_prompt)  # type: ignore[arg-type]


def sampled(pick: str, samples: int = 3) -> Settings:
    return Settings(decoding=Decoding(temperature=0.7), samples=samples, pick=pick)


@pytest.mark.parametrize(("pick", "score"), [("mean", 2 / 3), ("majority", 1.0), ("pass@1", 2 / 3), ("pass@2", 1.0)])
def test_several_replies_become_one_score(pick: str, score: float, tmp_path: Path) -> None:
    dice = Dice("0", "7", "0")
    answers = ask(toy(1), model(dice), Cache(tmp_path), sampled(pick))
    assert dice.seeds == [(0, 0.7), (1, 0.7), (2, 0.7)]
    assert answers.rows[0].score == pytest.approx(score) and answers.rows[0].replies == ["0", "7", "0"]
    assert any("3 replies to each question" in note for note in notes_of(score_all({"toy": [answers]})["toy"][0]))
    # Another way to pick asks nothing, more samples only the new ones.
    silent = Dice("never")
    ask(toy(1), model(silent), Cache(tmp_path), sampled("mean"))
    assert silent.seeds == []
    ask(toy(1), model(silent), Cache(tmp_path), sampled("mean", 4))
    assert silent.seeds == [(3, 0.7)]


def test_a_majority_is_of_letters_as_the_benchmark_reads_them() -> None:
    from zerosight.benchmarks.adapters import adapter

    sample = Sample(id="1", question="Q", answer="B")
    replies = ["(A)", "B. blue, I think", "The answer is B", "A"]
    assert score_of(adapter("realworldqa"), sample, [*replies, "Answer: B"], "majority") == 1.0
    assert score_of(adapter("realworldqa"), sample, [*replies, "I say A"], "majority") == 0.0


def test_pass_at_k_is_the_share_of_choices_with_a_right_one() -> None:
    from itertools import combinations

    scores = [1.0, 0.0, 0.0, 1.0, 0.5]
    for k in range(1, 6):
        picks = list(combinations(scores, k))
        assert pass_at(k, scores) == pytest.approx(sum(max(pick) == 1.0 for pick in picks) / len(picks))


@pytest.mark.parametrize(("pick", "message"), [("most", "unknown --pick 'most'"), ("pass@4", "wants 4 replies")])
def test_a_pick_that_cannot_be_is_refused(pick: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        check_pick(pick, 3)


def test_examples_are_shown_before_and_are_not_asked(tmp_path: Path) -> None:
    dice = Dice("2")
    answers = ask(toy(3), model(dice), Cache(tmp_path), Settings(shots=2, system="Be brief."))
    (messages,) = dice.messages
    assert [turn["role"] for turn in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert messages[0]["content"][0]["text"] == "Be brief."
    assert [turn["content"][0]["text"] for turn in messages[2::2]] == ["0", "1"]
    assert len(dice.sizes) == 3 and [row.id for row in answers.rows] == ["q2"]


def test_a_model_of_one_picture_is_shown_no_examples(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="--shots shows several pictures, and scripted takes one"):
        ask(toy(3), answerer(Talker(right_below(3)), several=False), Cache(tmp_path), Settings(shots=1))


def test_large_pictures_are_scaled_down_and_small_ones_stay(tmp_path: Path) -> None:
    dice = Dice("0")
    ask(toy(1), model(dice), Cache(tmp_path), Settings(picture_side=20))
    ask(toy(1), model(dice), Cache(tmp_path), Settings(picture_side=100))
    assert dice.sizes == [(15, 20), (30, 40)], "another size is another question"


def test_a_batch_that_does_not_fit_is_halved(tmp_path: Path) -> None:
    class Small(Talker):
        def generate(self, role, prompts, sampling, seed):
            if len(prompts) > 3:
                self.batches.append(-len(prompts))
                raise torch.OutOfMemoryError
            return super().generate(role, prompts, sampling, seed)

    talker = Small(right_below(9))
    answers = ask(toy(10), answerer(talker), Cache(tmp_path), Settings(batch=10))
    assert talker.batches == [-10, -5, 2, 2, 1, -5, 2, 2, 1] and answers.count("answered") == 10
    assert sorted(map(number_in, talker.asked)) == list(range(10))


def test_tokens_cost_and_a_submission_are_written(tmp_path: Path) -> None:
    settings = Settings(price=(1.0, 1000.0), submission=True)
    answers = ask(Toy(rows=[question(0), question(1)]), model(Dice("0")), Cache(tmp_path / "c"), settings)
    assert usage_of(answers) == {"prompt_tokens": 0, "new_tokens": 6, "cost": pytest.approx(0.006)}
    scores = score_all({"toy": [answers]})
    assert "0 tokens of questions and 6 of replies; at the given price 0.0060" in notes_of(scores["toy"][0])
    write_evaluation(EvaluationResult(models=["dice"], digests=["d"], scores=scores), settings, tmp_path)
    assert json.loads((tmp_path / "dice" / "submission_toy.json").read_text()) == {"q0": "0", "q1": "0"}
