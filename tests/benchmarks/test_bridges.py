"""Our suites in other tools' forms: read back, and the written functions run on the written rows."""

import base64
import csv
import importlib.util
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image as Images

from zerosight.benchmarks.evaluation.benchmark import EvaluationError
from zerosight.benchmarks.evaluation.bridges import export_suite
from zerosight.benchmarks.evaluation.own import OWN, OwnSuite
from zerosight.benchmarks.samples import Sample
from zerosight.envs import make

SUITE = OWN["zerosight/heldout-v1"].only(["shapes/Canvas-v2", "transforms/Edit-v1", "diagrams/Geometry-v1"])
COUNT = 90


class _Loader(yaml.SafeLoader):
    """Reads `!function` as lmms-eval does: a name in a module."""


_Loader.add_constructor("!function", lambda loader, node: ("function", loader.construct_scalar(node)))


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [sample for sample in SUITE.load(None, COUNT) if isinstance(sample, Sample)]


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_suite(SUITE, "lmms-eval", tmp_path_factory.mktemp("lmms") / "task", COUNT)


@pytest.fixture(scope="module")
def written(task: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("written_utils", task / "utils.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_of(task: Path) -> list[dict[str, Any]]:
    return pq.read_table(task / "zerosight_heldout_v1.parquet").to_pylist()


def test_the_task_names_functions_that_are_there_and_data_that_is_there(task: Path, written: ModuleType) -> None:
    body = yaml.load((task / "zerosight_heldout_v1.yaml").read_text(), _Loader)
    assert body["task"] == "zerosight_heldout_v1" and body["dataset_path"] == "parquet"
    assert body["dataset_kwargs"]["data_files"]["test"] == ("function", "utils.DATA") and body["test_split"] == "test"
    assert Path(written.DATA).is_file() and str(task) not in (task / "zerosight_heldout_v1.yaml").read_text()
    named = [value for value in body.values() if isinstance(value, tuple)]
    named += [m["aggregation"] for m in body["metric_list"] if isinstance(m["aggregation"], tuple)]
    assert len(named) == 5
    for _, name in named:
        module, function = name.split(".")
        assert module == "utils" and callable(getattr(written, function))
    scores = written.process_results(rows_of(task)[0], ["anything"])
    assert set(scores) == {metric["metric"] for metric in body["metric_list"]}


def test_rows_are_the_suites_items_with_their_pixels(task: Path, written: ModuleType, samples: list[Sample]) -> None:
    rows = rows_of(task)
    assert [row["id"] for row in rows] == [sample.id for sample in samples]
    for row, sample in list(zip(rows, samples, strict=True))[::9]:
        (picture,) = written.doc_to_visual(row)
        item = sample.fields["item"]
        assert picture.tobytes() == make(item.env).render_item(item, make(item.env).size).array.tobytes()
        assert written.doc_to_visual({"image": picture})[0].size == picture.size
        assert written.doc_to_text(row) == SUITE.prompt(sample)
        assert written.doc_to_text(row, {"pre_prompt": "a ", "post_prompt": " b"}) == f"a {SUITE.prompt(sample)} b"


def test_the_written_scores_are_ours(task: Path, written: ModuleType, samples: list[Sample]) -> None:
    rows = rows_of(task)
    seen = set()
    for row, sample in zip(rows, samples, strict=True):
        assert written.process_results(row, [written.doc_to_target(row)])["score"] == 1.0
        for reply in ("yes", "3", "The answer is B.", "12.5", "front left", row["answer"].upper(), "", *row["options"]):
            score = written.process_results(row, [reply])["score"]
            assert score == SUITE.score(sample, reply)
            seen.add(score)
    assert {0.0, 1.0} <= seen
    bands = [written.process_results(row, [row["answer"] if row["band"] == "easy" else ""])["by_band"] for row in rows]
    assert written.mean_of_bands(bands) == pytest.approx(1 / 3)


def test_the_task_needs_nothing_of_ours(task: Path) -> None:
    files = sorted(task.rglob("*.py"))
    assert task / "utils.py" in files and len(files) > 2
    for file in files:
        text = file.read_text()
        assert "import zerosight" not in text and "from zerosight" not in text and "from .." not in text
        # Within the folder beside it they may name each other.
        assert "\nfrom ." not in text or file.parent == task / "answers"


def test_the_folder_can_be_moved(task: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(task, tmp_path / "elsewhere"))
    spec = importlib.util.spec_from_file_location("moved_utils", moved / "utils.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert Path(module.DATA).parent == moved and Path(module.DATA).is_file()


def test_features_are_named_for_datasets(task: Path) -> None:
    schema = pq.read_schema(task / "zerosight_heldout_v1.parquet")
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"} and set(features) == set(schema.names)
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset("parquet", data_files={"test": str(task / "zerosight_heldout_v1.parquet")})["test"]
    assert loaded[0]["image"].size == (224, 224)


def test_vlmevalkit_files_read_back(tmp_path: Path, samples: list[Sample]) -> None:
    folder = export_suite(SUITE, "vlmevalkit", tmp_path / "tsv", COUNT)
    csv.field_size_limit(sys.maxsize)
    found = {}
    for path in folder.glob("*.tsv"):
        with path.open(newline="", encoding="utf-8") as file:
            found[path.stem] = list(csv.DictReader(file, delimiter="\t"))
    assert set(found) == {"zerosight_heldout_v1_MCQ", "zerosight_heldout_v1_VQA"}
    closed, open_ones = found["zerosight_heldout_v1_MCQ"], found["zerosight_heldout_v1_VQA"]
    indices = [int(row["index"]) for row in (*closed, *open_ones)]
    assert sorted(indices) == list(range(COUNT)), "every item, in one of the two"
    for row in closed:
        sample = samples[int(row["index"])]
        assert row[row["answer"]] == sample.answer
        letters = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if row.get(letter)]
        assert [row[letter] for letter in letters] == list(sample.options)
        assert row["question"] == sample.question
    for row in open_ones:
        assert row["answer"] == samples[int(row["index"])].answer
        assert "A" not in row, "with columns A and B it would be taken for multiple choice"
    picture = Images.open(io.BytesIO(base64.b64decode(closed[0]["image"])))
    item = samples[int(closed[0]["index"])].fields["item"]
    assert picture.convert("RGB").tobytes() == make(item.env).render_item(item, make(item.env).size).array.tobytes()


def test_open_questions_are_scored_by_what_is_exported_beside_them(tmp_path: Path, samples: list[Sample]) -> None:
    folder = export_suite(SUITE, "vlmevalkit", tmp_path / "tsv", COUNT)
    csv.field_size_limit(sys.maxsize)
    with (folder / "zerosight_heldout_v1_VQA.tsv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    replies = [row["answer"] if number % 3 else "no idea" for number, row in enumerate(rows)]
    predicted = [row | {"prediction": reply, "image": ""} for row, reply in zip(rows, replies, strict=True)]
    with (tmp_path / "predicted.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(predicted[0]))
        writer.writeheader()
        writer.writerows(predicted)
    # In a process of its own, which nothing of Zerosight is asked for.
    command = [sys.executable, str(folder / "zerosight_vlmevalkit.py"), "score", str(tmp_path / "predicted.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    ours = [SUITE.score(samples[int(row["index"])], reply) for row, reply in zip(rows, replies, strict=True)]
    assert json.loads(done.stdout)["Overall"] == pytest.approx(100 * sum(ours) / len(ours)) and 0 < sum(ours) < len(
        ours
    )


def test_what_cannot_be_exported_is_said(tmp_path: Path) -> None:
    tiny = OwnSuite(name="t", title="t", worlds=("shapes/Canvas-v1",), rounds=1)
    with pytest.raises(EvaluationError, match=r"no bridge to 'lmmseval'; did you mean 'lmms-eval'\?"):
        export_suite(tiny, "lmmseval", tmp_path / "a")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(EvaluationError, match="is not empty; choose another folder"):
        export_suite(tiny, "lmms-eval", tmp_path / "full")
