"""Data sets: the same bytes for the same plan, in every format that readers take, and replies scored from them."""

import io
import json
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

import zerosight
from zerosight.envs import make
from zerosight.train.data.formats import FORMATS, file_stem
from zerosight.train.data.hub import uploads
from zerosight.train.data.make import make_data
from zerosight.train.data.plan import DataError, DataPlan
from zerosight.train.data.scoring import read_rows, score_replies, task_scores, truth_of

WORLDS = ("shapes/Canvas-v1", "shapes/Canvas-v2")
PLAN = DataPlan(worlds=WORLDS, count=14)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same plan in every format."""
    base = tmp_path_factory.mktemp("data")
    for name in FORMATS:
        make_data(base / name, PLAN, name, shard_rows=6)
    return {name: base / name for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_a_gold_answer_scores_1_in_every_format(folders: dict[str, Path], name: str) -> None:
    truths = [truth_of(row) for row in read_rows(folders[name])]
    assert len(truths) == PLAN.count
    for number, truth in enumerate(truths):
        item = PLAN.item(number)
        assert truth is not None
        assert zerosight.score(truth, item.truth.value).value == 1.0
        assert zerosight.score(truth, "").value == 0.0


def test_an_interrupted_data_set_ends_in_the_same_bytes(folders: dict[str, Path], tmp_path: Path) -> None:
    def stop(done: int, total: int, note: str) -> None:
        if done > 7:
            raise KeyboardInterrupt

    folder = tmp_path / "data"
    with pytest.raises(KeyboardInterrupt):
        make_data(folder, PLAN, "llava", shard_rows=6, progress=stop)
    assert not (folder / "train.json").exists()
    assert make_data(folder, PLAN, "llava", shard_rows=6).made_rows == 8
    assert contents(folder) == contents(folders["llava"])
    assert make_data(folder, PLAN, "llava", shard_rows=6).made_rows == 0


def test_a_folder_of_other_options_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="other options"):
        make_data(folders["jsonl"], PLAN, "jsonl", shard_rows=7)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="is not empty"):
        make_data(tmp_path, PLAN)


def test_parquet_has_the_prompt_as_turns_and_the_picture_as_a_png(folders: dict[str, Path]) -> None:
    row = pq.read_table(folders["parquet"] / "data").to_pylist()[0]
    assert [turn["role"] for turn in row["prompt"]] == ["system", "user"]
    picture = Image.open(io.BytesIO(row["images"][0]["bytes"]))
    assert picture.width == make(WORLDS[0]).size
    assert {"scene"} & set(row) == set()


def test_llava_and_sharegpt_name_pictures_that_are_there(folders: dict[str, Path]) -> None:
    for name in ("llava", "sharegpt"):
        for row in json.loads((folders[name] / "train.json").read_text()):
            human, gpt = row["conversations"]
            (picture,) = row.get("images") or [row["image"]]
            assert human["value"].count("<image>") == 1
            assert (folders[name] / picture).is_file()
            assert zerosight.score(row["metadata"]["truth"], gpt["value"]).value == 1.0
    info = json.loads((folders["sharegpt"] / "dataset_info.json").read_text())
    assert (folders["sharegpt"] / info["zerosight_train"]["file_name"]).is_file()


def test_a_tar_has_picture_and_fields_of_a_sample_side_by_side(folders: dict[str, Path]) -> None:
    with tarfile.open(folders["webdataset"] / "train-00000.tar") as archive:
        names = archive.getnames()
    assert names[:4] == ["00000000000.png", "00000000000.json", "00000000001.png", "00000000001.json"]


def test_splits_and_seeds_have_other_items() -> None:
    plans = [PLAN, DataPlan(worlds=WORLDS, count=14, seed=1), DataPlan(worlds=WORLDS, count=14, split="heldout")]
    digests = [{plan.item(number).digest for number in range(6)} for plan in plans]
    assert len(set.union(*digests)) == sum(map(len, digests))


def test_a_balanced_plan_gives_every_answer_its_turn() -> None:
    plan = DataPlan(worlds=WORLDS[:1], count=1, tasks=("colour",), bands=("easy",), balanced=True)
    options = make(WORLDS[0]).tasks["colour"].options
    answers = [plan.item(number).truth.value for number in range(2 * len(options))]
    assert sorted(answers) == sorted(options * 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": ("esay",)}, "did you mean 'easy'"),
        ({"tasks": ("colours",)}, "did you mean 'colour'"),
        ({"split": "test"}, "allowed: train, dev, heldout"),
        ({"count": 0}, "1 item or more"),
    ],
)
def test_a_wrong_plan_says_what_is_allowed(options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        DataPlan(**({"worlds": WORLDS, "count": 1} | options))  # type: ignore[arg-type]


def test_a_filter_leaves_out_and_the_next_items_take_their_places(tmp_path: Path) -> None:
    plan = DataPlan(worlds=WORLDS[:1], count=6)
    written = make_data(
        tmp_path / "even",
        plan,
        "jsonl",
        row_filter=lambda rows: [{**row, "solve_rate": 0.5} if row["kind"] == "number" else None for row in rows],
        choice="numbers",
    )
    rows = list(read_rows(tmp_path / "even"))
    assert written.rows == plan.count
    assert {row["kind"] for row in rows} == {"number"}
    assert {row["solve_rate"] for row in rows} == {0.5}
    with pytest.raises(DataError, match="only 0 lie in the band"):
        make_data(tmp_path / "none", plan, row_filter=lambda rows: [None for _ in rows], choice="-", most_candidates=2)


def test_replies_are_scored_with_and_without_the_data_set(folders: dict[str, Path]) -> None:
    rows = list(read_rows(folders["jsonl"]))
    replies = [{"question_id": row["id"], "text": row["answer"] if i % 2 else "?"} for i, row in enumerate(rows)]
    scores = list(score_replies(replies, rows))
    assert [reply.score for reply in scores] == [i % 2 for i in range(len(rows))]
    overall = task_scores(scores)[-1]
    assert (overall.name, overall.accuracy.total, overall.mean) == ("all", PLAN.count, 0.5)
    with pytest.raises(DataError, match="name the data set with --data"):
        list(score_replies(replies))
    with pytest.raises(DataError, match="has no reply"):
        list(score_replies(rows))


def test_only_finished_data_sets_are_sent(folders: dict[str, Path], tmp_path: Path) -> None:
    names = {upload.name for upload in uploads(folders["llava"])}
    assert {"README.md", "train.json"} < names
    assert not any(name.startswith((".", "parts/")) for name in names)
    with pytest.raises(DataError, match="not a finished data set"):
        uploads(tmp_path)


def test_file_names_are_plain() -> None:
    assert file_stem("a/../b:c d") == "a-b-c-d"
