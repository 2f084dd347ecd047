"""easy-VQA as a suite, over a small package of the same layout."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from published import files
from toy_benchmark import Talker, answerer

from zerosight.benchmarks.evaluation import easy_vqa
from zerosight.benchmarks.evaluation.benchmark import EvaluationError
from zerosight.benchmarks.evaluation.cache import Cache
from zerosight.benchmarks.evaluation.easy_vqa import EasyVqaSuite, data_folder, entries
from zerosight.benchmarks.evaluation.items import AskingStyle
from zerosight.benchmarks.evaluation.runner import ask
from zerosight.benchmarks.evaluation.session import Choice, choose

TEST = [["what is the red shape?", "circle", 0], ["what colour is it?", "red", 0], ["is it a circle?", "no", 1],
        ["is it red?", "yes", 1]]  # fmt: skip
TRAIN = [["what is the red shape?", "circle", 0], ["is it a circle?", "yes", 0], ["is it a circle?", "yes", 1],
         ["is it red?", "yes", 2]]  # fmt: skip


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site" / "easy_vqa"
    files(folder, "data/test/images/0.png", "data/test/images/1.png")
    (folder / "__init__.py").touch()
    for part, rows in (("test", TEST), ("train", TRAIN)):
        (folder / "data" / part).mkdir(exist_ok=True)
        (folder / "data" / part / "questions.json").write_text(json.dumps(rows))
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.delitem(sys.modules, "easy_vqa", raising=False)
    entries.cache_clear()
    yield folder
    entries.cache_clear()


def test_the_suite_is_sighted_shuffled_and_without_pictures(tmp_path: Path) -> None:
    suites = choose(Choice(suites="easy-vqa"), tmp_path)
    assert [suite.name for suite in suites] == ["easy-vqa", "easy-vqa+shuffled", "easy-vqa+text"]
    shown = []
    for suite in suites:
        talker = Talker(lambda text: "red" if "colour" in text else "Circle." if "shape" in text else "no")
        answers = ask(suite, answerer(talker), Cache(tmp_path / suite.name))
        assert [row.score for row in answers.rows] == [1.0, 1.0, 1.0, 0.0]
        shown.append([row.sample.images for row in answers.rows if row.sample is not None])
    sighted, shuffled, text = shown
    assert [image.path.name for (image,) in sighted] == ["0.png", "0.png", "1.png", "1.png"]
    assert [image.path.name for (image,) in shuffled] == ["1.png", "1.png", "0.png", "0.png"]
    assert text == [()] * 4
    assert {sample.cluster for sample, _ in answers.scored} == {"picture 0", "picture 1"}
    assert suites[0].aggregate(answers.scored) == {"overall": 0.75, "shape": 1.0, "colour": 1.0, "yes or no": 0.5}


def test_what_needs_no_model_stands_beside() -> None:
    # `yes` is right once of four; the same words are answered in training for three questions, twice rightly.
    assert EasyVqaSuite().published == {
        "always the same answer": 25.0, "commonest training answer to the same words": 50.0,
    }  # fmt: skip


def test_it_is_asked_in_the_models_style() -> None:
    suite = EasyVqaSuite()
    _, colour, yes_no, _ = suite.load()
    assert suite.prompt(colour) == "what colour is it? (one word)"
    full = suite.asked_in(AskingStyle("full"))
    assert "black, blue, brown" in full.prompt(colour) and full.prompt(yes_no).endswith("Answer yes or no.")


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(easy_vqa.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EvaluationError, match="pip install easy-vqa"):
        data_folder()
