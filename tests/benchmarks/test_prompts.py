"""Prompts, limits and thinking against the published protocols, read on 2026-11-30 (see each adapter's notes)."""

from dataclasses import replace
from pathlib import Path

import pytest
from published_cases import CASES
from toy_benchmark import Talker, answerer

from zerosight.benchmarks.adapters import ADAPTERS, adapter
from zerosight.benchmarks.adapters.sources import questions
from zerosight.benchmarks.evaluation.cache import Cache
from zerosight.benchmarks.evaluation.pictures import messages_of
from zerosight.benchmarks.evaluation.runner import ask
from zerosight.benchmarks.evaluation.settings import Settings
from zerosight.benchmarks.samples import Sample

LETTER = "Answer with the option's letter from the given choices directly."


def prompts(name: str, folder: Path) -> list[str]:
    CASES[name].write(folder)
    benchmark = adapter(name)
    return [benchmark.prompt(sample) for sample in questions(benchmark, folder) if isinstance(sample, Sample)]


def test_spar_asks_by_the_kind_of_answer(tmp_path: Path) -> None:
    number, last, position, _, motion = prompts("spar-bench", tmp_path)
    assert number == last == "\nQ\nPlease answer the question using a single word or phrase."
    boxes = (
        "The values represent the bounding box coordinates normalized to a 0-1000 scale, with the top-left corner as "
        "the origin of the image."
    )
    assert position == f"\nQ\n{boxes}\n{LETTER}"
    assert motion == "\nQ\n\n"
    spatial = Sample(id="1", question="Q", category={"task": "spatial_imagination_oo"})
    assert adapter("spar-bench").prompt(spatial) == f"\nQ\n\n{LETTER}"


def test_3dsrbench_lists_options_under_their_own_letters() -> None:
    benchmark = adapter("3dsrbench")
    row = {"index": 1, "qid": "VIN6MS3J-1", "question": "Which?", "A": "near", "B": "nan", "C": "far", "D": None}
    read = benchmark.read(_Pictures(), row | {"answer": "C", "category": "height_higher", "image": "x"})
    assert benchmark.prompt(read) == (
        "Question: Which?\nOptions:\nA. near\nC. far\nPlease select the correct answer from the options above. \n"
    )
    assert read.category == {"category": "height_higher", "main_category": "height"}


class _Pictures:
    def images(self, cell: object) -> tuple[()]:
        return ()


def test_omnispatial_takes_the_authors_system_prompt_and_format(tmp_path: Path) -> None:
    (prompt, _) = prompts("omnispatial", tmp_path)
    assert prompt.startswith(
        "\nYou are a spatial-reasoning assistant.\n\nTask\n-----\nYou will receive  \n1. **Image**"
    )
    assert "It may be necessary to transfer perspective to better understand the scene.\n4. Finally" in prompt
    ending = "\nEnd your answer with a separate line formatted exactly as:\n\nAnswer: X\nwhere X ∈ {A, B, C, D}.\n"
    assert prompt.endswith(f"information.”\n\n{ending}\n\nWhich?\nA. a\nB. b\nC. c\nD. d")


def test_spatialviz_says_the_tags(tmp_path: Path) -> None:
    prompt = prompts("spatialviz", tmp_path)[0]
    assert "tags, respectively, i.e., <think>reasoning process</think>, <answer>answer</answer>.\nQuestion: " in prompt
    assert prompt.splitlines()[-1].startswith("D. ") and prompt.endswith("\n")


def test_stare_asks_for_a_box_in_all_its_configurations(tmp_path: Path) -> None:
    prompt = prompts("stare", tmp_path)[0]
    assert prompt == (
        "\nQ (A) x (B) y\n<image>\nAnswer with the option's letter from the given choices and put the letter in one "
        '"\\boxed{}". \nPlease solve the problem step by step.'
    )
    assert len(ADAPTERS["stare"].configs) == 14 and "folding_nets_vsim" in ADAPTERS["stare"].configs


def test_blink_names_the_letters_without_braces(tmp_path: Path) -> None:
    note = "Note: You only need to respond with A, B without providing any additional information.\n"
    assert all(prompt.startswith(note) for prompt in prompts("blink", tmp_path))


def test_v_star_writes_its_options_a_line_each() -> None:
    sample = Sample(id="1", question="What colour? (A) red (B) blue")
    assert adapter("v-star").prompt(sample) == f"What colour?\nA. red\nB. blue\n{LETTER}"


def test_mathvision_begins_with_the_instruction(tmp_path: Path) -> None:
    chosen, free, _ = prompts("mathvision", tmp_path)
    opening = 'Please solve the problem step by step and put your answer in one "\\boxed{}".Q <image1>'
    assert free == opening
    letter = "Answer the question with the option's letter from the given choices directly."
    assert chosen == f"{opening}\nChoices: A. 1\nB. 2\nC. 3\nD. 4\nE. 5\n{letter}"


def test_mmmu_pro_says_option_letter_and_in_pictures_nothing_else(tmp_path: Path) -> None:
    standard, vision = prompts("mmmu-pro", tmp_path)
    instruction = "Answer with the option letter from the given choices directly."
    assert standard.startswith("Which? <image 1>\nA. option 0\n") and standard.endswith(f"J. option 9\n\n{instruction}")
    assert vision == instruction


def test_mindcube_shows_pictures_where_its_prompt_names_them(tmp_path: Path) -> None:
    (prompt, _) = prompts("mindcube", tmp_path)
    assert prompt == "<image>\n<image>\nWhich?\nA. x\nB. y"
    (turn,) = messages_of(prompt, 2, interleaved=True)
    assert turn["content"] == [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "Which?\nA. x\nB. y"}]
    (between,) = messages_of("First <image> then <image> and?", 2, interleaved=True)
    assert [part.get("text", "picture") for part in between["content"]] == [
        "First", "picture", "then", "picture", "and?",
    ]  # fmt: skip
    (other,) = messages_of("First <image> then?", 2, interleaved=True)
    assert [part.get("text", "picture") for part in other["content"]] == ["picture", "picture", "First\nthen?"]


LIMITS = {
    "embspatial": 1024, "blink": 1024, "cv-bench": 1024, "3dsrbench": 4096, "mmsi-bench": 2048, "mindcube": 4096,
    "stare": 8192, "spatialviz": 8192, "omnispatial": 8192, "spar-bench": 100, "mathvision": 16384, "v-star": 16,
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_replies_are_as_long_as_in_the_public_harness(name: str) -> None:
    assert ADAPTERS[name].max_new_tokens == LIMITS[name]


def test_vsi_bench_takes_as_many_frames_as_its_authors(tmp_path: Path) -> None:
    CASES["vsi-bench"].write(tmp_path)
    assert adapter("vsi-bench").frames == 32
    for frames, shown in ((32, 20), (7, 7)):
        benchmark = replace(adapter("vsi-bench"), frames=frames)
        sample = next(row for row in questions(benchmark, tmp_path) if isinstance(row, Sample))
        assert len(sample.images) == shown, "the film has 20 frames"


# --- protocols ----------------------------------------------------------------------------------------------------


def test_the_protocols_of_both_sides_differ_where_they_do() -> None:
    number = Sample(id="1", question="How many?", answer="3", category={"task": "object_counting"})
    vsi = adapter("vsi-bench")
    assert (vsi.score(number, "There are 3"), vsi.under("lmms-eval").score(number, "There are 3")) == (0.0, 1.0)
    star = adapter("mmstar")
    choice = Sample(id="1", question="Q", answer="A")
    assert (star.score(choice, "I say (A)"), star.under("authors").score(choice, "I say (A)")) == (1.0, 0.0)
    assert star.under("lmms-eval") is star and star.under("authors").protocols == ("authors",)
    assert "You will receive  \n" in adapter("omnispatial").prompt(choice)
    assert "You will receive\n" in adapter("omnispatial").under("lmms-eval").prompt(choice)


def test_a_protocol_that_is_not_written_is_said() -> None:
    benchmark = adapter("spar-bench").under("authors")
    assert benchmark.protocols == ("lmms-eval",) and "no protocol `authors` of it" in benchmark.notes[-1]


# --- thinking ---------------------------------------------------------------------------------------------------

WAYS = {
    "tags": "<think>It could be {wrong}. Answer: {wrong}. \\boxed{{{wrong}}}</think>\n\n{reply}",
    "other tags": "<thinking>\nnot {wrong}?\n</thinking>{reply}",
    "the template opened it": "Maybe {wrong}.\n</think>\n{reply}",
    "Kimi": "◁think▷{wrong} or not◁/think▷{reply}",
    "harmony": "<|channel|>analysis<|message|>{wrong}<|end|><|start|>assistant<|channel|>final<|message|>{reply}",
}
RIGHT = {name: case for name, case in CASES.items() if name not in ("whatsup", "spatialviz")}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RIGHT)
def test_a_thinking_model_scores_what_it_says_in_the_end(name: str, way: str, tmp_path: Path) -> None:
    CASES[name].write(tmp_path)
    benchmark = adapter(name)
    asked = [sample for sample in questions(benchmark, tmp_path) if isinstance(sample, Sample)]
    for sample, reply in zip(asked, CASES[name].replies, strict=True):
        wrong = next(x for x in "ABCD" if x != str(sample.answer)) + " no yes 4"
        thinking = WAYS[way].format(wrong=wrong, reply=reply)
        assert benchmark.score(sample, thinking) == benchmark.score(sample, reply.strip()), (sample.answer, reply)


def test_thinking_that_was_cut_off_is_no_answer() -> None:
    blink = adapter("blink")
    sample = Sample(id="1", question="q", options=("a", "b"), answer="A")
    assert blink.score(sample, "<think>A is what it must be, because A") == 0.0


def test_spatialviz_reads_its_own_tags() -> None:
    sample = Sample(id="1", question="q", answer="B")
    assert adapter("spatialviz").score(sample, "<think>A?</think><answer>B. x</answer>") == 1.0
    assert adapter("spatialviz").score(sample, "<think>A?</think>B") == 0.0


def test_the_judge_reads_no_thinking(tmp_path: Path) -> None:
    from zerosight.benchmarks.evaluation.judge import Judge

    (tmp_path / "hallusionbench").mkdir()
    CASES["hallusionbench"].write(tmp_path / "hallusionbench")
    reader = Talker(lambda text: "yes")
    judge = Judge(answerer(reader, "judge"), Cache(tmp_path / "judge"))
    settings = Settings(data=tmp_path)
    talker = Talker(lambda text: "<think>secret</think>Yes.")
    ask(adapter("hallusionbench"), answerer(talker), Cache(tmp_path / "cache"), settings, judge=judge)
    assert reader.asked and not any("secret" in prompt for prompt in reader.asked)
    assert all("Reply: Yes." in prompt for prompt in reader.asked)
