"""The libraries that read data sets take ours: datasets, webdataset; workers and kills change no byte."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import psutil
import pytest
import webdataset
from PIL import Image

import zerosight
from zerosight.envs import make
from zerosight.train.data.make import make_data
from zerosight.train.data.plan import DataPlan
from zerosight.train.data.rows import planned_row

WORLDS = ("shapes/Canvas-v1", "shapes/Canvas-v2")
PLAN = DataPlan(worlds=WORLDS, count=40, with_scene=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "parquet"
    make_data(folder, PLAN, "parquet", shard_rows=16)
    return folder


def test_load_dataset_reads_the_folder_with_its_pictures(parquet: Path, tmp_path: Path) -> None:
    rows = datasets.load_dataset(str(parquet), split="train", cache_dir=str(tmp_path))
    assert len(rows) == PLAN.count
    row = rows[1]
    assert isinstance(row["images"][0], Image.Image)
    assert row["images"][0].width == make(WORLDS[1]).size
    assert [turn["role"] for turn in row["prompt"]] == ["system", "user"]
    assert zerosight.score(row["truth"], row["answer"]).value == 1.0
    assert json.loads(row["scene"])


def test_webdataset_reads_the_tars(tmp_path: Path) -> None:
    make_data(tmp_path / "tars", PLAN, "webdataset", shard_rows=16)
    shards = [str(path) for path in sorted((tmp_path / "tars").glob("*.tar"))]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("pil"))
    assert len(samples) == PLAN.count
    for number, sample in enumerate(samples):
        expected = planned_row(PLAN, number)
        assert sample["json"]["id"] == expected["id"]
        assert sample["png"].size == Image.open(io.BytesIO(expected["png"])).size


def test_two_workers_write_the_bytes_of_one(parquet: Path, tmp_path: Path) -> None:
    make_data(tmp_path / "two", PLAN, "parquet", workers=2, shard_rows=16)
    assert contents(tmp_path / "two") == contents(parquet)


def test_a_killed_command_leaves_no_worker_and_goes_on_to_the_same_bytes(parquet: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "zerosight.cli", "data", "make", str(out), "--count", "40", "--shard", "16"]
    command += ["--workers", "2", "--scene", *(option for world in WORLDS for option in ("--env", world))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (out / ".zerosight" / "00000.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert psutil.wait_procs(children, timeout=60)[1] == []
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert contents(out) == contents(parquet)
