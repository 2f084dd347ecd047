"""Each public benchmark from files in its published layout, by the real path, to a score worked out by hand."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from published import files, hf, png, table
from published_cases import CASES
from toy_benchmark import Talker, answerer

from zerosight.benchmarks.adapters import ADAPTERS, SUITES, adapter
from zerosight.benchmarks.adapters.base import Adapter, BenchmarkDataError
from zerosight.benchmarks.adapters.sources import evenly, film_frames, questions
from zerosight.benchmarks.evaluation.benchmark import Judged
from zerosight.benchmarks.evaluation.cache import Cache
from zerosight.benchmarks.evaluation.models import open_model
from zerosight.benchmarks.evaluation.runner import ask
from zerosight.benchmarks.evaluation.settings import Settings
from zerosight.benchmarks.samples import BadRow, Sample

NAMES = list(ADAPTERS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with every benchmark under its name."""
    for name, case in CASES.items():
        (tmp_path / name).mkdir()
        case.write(tmp_path / name)
    return tmp_path


def samples(benchmark: Adapter, root: Path) -> list[Sample]:
    found = list(questions(benchmark, root))
    bad = [row for row in found if isinstance(row, BadRow)]
    assert not bad, bad
    return [row for row in found if isinstance(row, Sample)]


def replies(name: str, asked: list[Sample]) -> list[str]:
    if name != "whatsup":
        return list(CASES[name].replies)
    # Its captions are shuffled: the letters are found as a reader would find them.
    wrong = [next(x for x in "ABCD" if x != sample.answer) for sample in asked]
    return [
        s.answer if said == "right" else bad for s, said, bad in zip(asked, CASES[name].replies, wrong, strict=True)
    ]


def test_every_benchmark_has_a_case_and_is_in_one_suite() -> None:
    assert set(CASES) == set(ADAPTERS) == {*SUITES["spatial"], *SUITES["visual"]}
    assert len(ADAPTERS) == 26 and not set(SUITES["spatial"]) & set(SUITES["visual"])


@pytest.mark.parametrize("name", NAMES)
def test_published_files_come_to_the_score_worked_out_by_hand(name: str, tmp_path: Path) -> None:
    benchmark, case = adapter(name), CASES[name]
    case.write(tmp_path)
    asked = samples(benchmark, tmp_path)
    said = replies(name, asked)
    assert len(asked) == len(said)
    found = benchmark.aggregate([(s, benchmark.score(s, reply)) for s, reply in zip(asked, said, strict=True)])
    for key, value in case.expected.items():
        assert found[key] == pytest.approx(value), key
    assert tuple(len(sample.images) for sample in asked) == case.pictures
    for sample in asked:
        assert all(image.open().size == (16, 16) for image in sample.images)
        assert sample.question in benchmark.prompt(sample) or name in (
            "viewspatial",
            "mindcube",
            "v-star",
            "mathvision",
        )
    assert len({sample.id for sample in asked}) == len(asked), "ids tell questions apart"
    assert [s.id for s in samples(benchmark, tmp_path)] == [s.id for s in asked], "and are the same at each reading"
    assert len(list(questions(benchmark, tmp_path, 1))) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_runner_asks_each_benchmark_and_gives_the_same_score(name: str, tmp_path: Path) -> None:
    benchmark = adapter(name)
    (tmp_path / name).mkdir()
    CASES[name].write(tmp_path / name)
    asked = samples(benchmark, tmp_path)
    said = iter(replies(name, asked))
    answers = ask(
        benchmark,
        answerer(Talker(lambda text: next(said))),
        Cache(tmp_path / "cache"),
        Settings(data=tmp_path, batch=1),
    )
    assert answers.count("answered") == len(asked)
    assert benchmark.aggregate(answers.scored)["overall"] == pytest.approx(CASES[name].expected["overall"])


@pytest.mark.parametrize("name", NAMES)
def test_an_adapter_says_what_it_is(name: str) -> None:
    benchmark = adapter(name)
    assert "http" in benchmark.citation and benchmark.metric and benchmark.columns
    known = [benchmark.chance] if isinstance(benchmark.chance, float) else list(benchmark.chance.values())
    assert all(0.0 <= value < 1.0 for value in known)
    assert isinstance(benchmark, Judged) == ("judge" in benchmark.needs)
    assert all(0.0 < value < 100.0 for value in benchmark.published.values())


@pytest.mark.parametrize("name", [name for name in NAMES if "judge" in ADAPTERS[name].needs])
def test_a_judge_decides_where_the_authors_have_one(name: str, tmp_path: Path) -> None:
    benchmark = adapter(name)
    CASES[name].write(tmp_path)
    sample = samples(benchmark, tmp_path)[1 if name == "mathvista" else -1]
    right = {"mathvista": "3", "mathverse": "0.5", "hallusionbench": "no", "logicvista": "D"}[name]
    prompts: list[str] = []

    def judge(prompt: str) -> str:
        prompts.append(prompt)
        return "yes" if "Judgement:" in prompt else right

    assert benchmark.judged is not None
    assert benchmark.judged(sample, "After long thought I would say what I would say", judge) == 1.0
    assert all("After long thought" in prompt or right in prompt for prompt in prompts) and prompts
    assert (
        benchmark.judged(sample, "After long thought", lambda prompt: "no" if "Judgement:" in prompt else "none") == 0.0
    )


# --- what can be wrong with data -------------------------------------------------------------------------------------


def test_a_lost_column_names_what_is_there(tmp_path: Path) -> None:
    table(
        tmp_path, [{"index": 1, "question": "Q", "picture": hf(), "answer": "A", "category": "x", "l2_category": "y"}]
    )
    with pytest.raises(BenchmarkDataError, match=r"mmstar: .* has no column image \(it has .*picture.*Lin-Chen/MMStar"):
        list(questions(adapter("mmstar"), tmp_path))


def test_one_bad_row_is_told_and_the_others_are_asked(tmp_path: Path) -> None:
    files(tmp_path, "data/a.jpg")
    good = {"id": "around_1", "question": "Q", "images": ["a.jpg"], "gt_answer": "A", "input_prompt": "Q"}
    lost, outside = good | {"id": "around_2", "images": ["b.jpg"]}, good | {"images": ["../../etc/secret.png"]}
    text = "\n".join(
        [json.dumps(good), "{broken", json.dumps(lost), json.dumps(outside), json.dumps(good | {"id": "around_3"})]
    )
    (tmp_path / "MindCube_tinybench.jsonl").write_text(text)
    found = list(questions(adapter("mindcube"), tmp_path))
    assert [isinstance(row, Sample) for row in found] == [True, False, False, False, True]
    assert [row.reason for row in found if isinstance(row, BadRow)] == [
        found[1].reason,
        f"row 2: no file b.jpg in {tmp_path} or its zip files",
        f"row 3: no file ../../etc/secret.png in {tmp_path} or its zip files",
    ]
    assert "row 1: the line is no JSON" in found[1].reason  # type: ignore[union-attr]


def test_a_picture_that_is_none_is_a_bad_row_when_it_is_opened(tmp_path: Path) -> None:
    rows = [
        {"image": {"bytes": b"no picture", "path": "x.png"}, "question": "Q", "answer": "A"},
        {"image": hf(), "question": "Q", "answer": "A"},
        {"image": None, "question": "Q", "answer": "A"},
    ]
    table(tmp_path, rows)
    answers = ask(
        adapter("realworldqa"), answerer(Talker(lambda text: "A")), Cache(tmp_path / "c"), Settings(data=tmp_path)
    )
    assert [row.outcome for row in answers.rows] == ["unreadable", "answered", "unreadable"]
    assert answers.count("unreadable") == 2 and len(answers.scored) == 1


def test_a_damaged_file_and_an_empty_folder_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkDataError, match=r"no \*\.parquet or .* in .*published files of\s+Lin-Chen/MMStar"):
        list(questions(adapter("mmstar"), tmp_path))
    with pytest.raises(BenchmarkDataError, match=r"/nowhere is no folder; give --data"):
        list(questions(adapter("mmstar"), tmp_path / "nowhere"))
    (tmp_path / "mmstar.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(BenchmarkDataError, match=r"mmstar\.parquet cannot be read .*fetch the file again"):
        list(questions(adapter("mmstar"), tmp_path))


def test_a_benchmark_that_is_not_there_is_refused_with_the_close_one() -> None:
    with pytest.raises(BenchmarkDataError, match=r"unknown benchmark 'mathvist'; did you mean 'mathvista'\?"):
        adapter("mathvist")


# --- the hub, by a library that records what it is asked -------------------------------------------------------------


class Hub:
    """Stands for `datasets`."""

    class Image:
        def __init__(self, decode: bool = True) -> None:
            self.decode = decode

    class List:
        def __init__(self, feature: Any) -> None:
            self.feature = feature

    def __init__(self, rows: list[dict[str, Any]], features: dict[str, Any]) -> None:
        self.rows, self.features, self.asked, self.cast = rows, features, [], []  # type: ignore[var-annotated]

    def load_dataset(self, name: str, config: str | None, split: str, revision: str | None) -> "Hub":
        self.asked.append((name, config, split, revision))
        return self

    def cast_column(self, name: str, feature: Any) -> "Hub":
        self.cast.append((name, feature))
        return self

    def __iter__(self) -> Any:
        return iter(self.rows)


def test_the_hub_gives_pictures_as_bytes_configuration_by_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"idx": "1", "sub_task": "Counting", "prompt": "Q", "choices": ["1", "2"], "answer": "(A)", "image_1": hf()}
    hub = Hub([row], {"image_1": Hub.Image(), "choices": Hub.List("text"), "extra": Hub.List(Hub.Image())})
    monkeypatch.setitem(sys.modules, "datasets", hub)
    found = list(questions(adapter("blink"), None))
    assert len(found) == 14 and isinstance(found[0], Sample) and found[0].images[0].data == png()
    assert hub.asked[0] == ("BLINK-Benchmark/BLINK", "Art_Style", "val", None)
    assert [name for name, _ in hub.cast[:2]] == ["image_1", "extra"]
    assert hub.cast[0][1].decode is False and hub.cast[1][1].feature.decode is False


def test_an_unreachable_hub_and_a_missing_library_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead(Hub):
        def load_dataset(self, *arguments: Any, **named: Any) -> Hub:
            raise ConnectionError("Couldn't reach the Hugging Face Hub")

    monkeypatch.setitem(sys.modules, "datasets", Dead([], {}))
    with pytest.raises(BenchmarkDataError, match=r"cannot be loaded .*Couldn't reach.*--data"):
        list(questions(adapter("mmstar"), None))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BenchmarkDataError, match=r"pip install datasets.*--data.*Lin-Chen/MMStar"):
        list(questions(adapter("mmstar"), None))


# --- films -----------------------------------------------------------------------------------------------------------


def test_frames_are_evenly_spaced_over_a_film() -> None:
    assert evenly(20, 4) == [0, 6, 13, 19] and evenly(3, 16) == [0, 1, 2]
    assert len(evenly(1000, 16)) == 16


def test_a_film_without_a_reader_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CASES["vsi-bench"].write(tmp_path)
    (tmp_path / "scannet" / "scene0001_00").rename(tmp_path / "elsewhere")
    (tmp_path / "scannet" / "scene0001_00.mp4").write_bytes(b"a film")
    monkeypatch.setitem(sys.modules, "av", None)
    sample = next(iter(questions(adapter("vsi-bench"), tmp_path)))
    assert isinstance(sample, Sample) and len({image.digest for image in sample.images}) == 32
    with pytest.raises(BenchmarkDataError, match=r"run `pip install av`, or put its frames as pictures into"):
        sample.images[0].open()
    (tmp_path / "scannet" / "scene0001_00.mp4").unlink()
    found = next(iter(questions(adapter("vsi-bench"), tmp_path)))
    assert isinstance(found, BadRow) and "neither the film scannet/scene0001_00.mp4 nor a folder" in found.reason


def test_frames_of_a_real_film(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    np = pytest.importorskip("numpy")
    with av.open(str(tmp_path / "film.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for shade in range(0, 250, 25):
            pixels = np.full((64, 64, 3), shade, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                film.mux(packet)
        for packet in stream.encode():
            film.mux(packet)
    shades = [int(np.asarray(frame.convert("L")).mean()) for frame in film_frames(tmp_path / "film.mp4", 4)]
    assert shades == pytest.approx([0, 75, 150, 225], abs=6)


def test_the_embedded_model_answers_a_question_of_every_benchmark(data: Path, tmp_path: Path) -> None:
    model = open_model("embedded", work=tmp_path / "work")
    cache = Cache(tmp_path / "cache")
    for name in NAMES:
        answers = ask(adapter(name), model, cache, Settings(data=data, limit=1, max_new_tokens=4))
        (row,) = answers.rows
        assert row.outcome == "answered" and row.score is not None, (name, row.reason)
        several = row.sample is not None and len(row.sample.images) > 1
        assert row.sheet == several, "several pictures are one sheet to it"
        assert 0.0 <= adapter(name).aggregate(answers.scored)["overall"] <= 1.0
