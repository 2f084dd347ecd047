"""Disk space is estimated before a run, measured while it goes on, and warned about in time and once."""

import logging
from pathlib import Path

import pytest

from zerosight.train.config import RunConfig
from zerosight.train.runs.disk import LOOK_STEPS, SPARE_BYTES, DiskWatch, step_bytes

CONFIG = RunConfig(steps=100, keep_checkpoints=2)
MB = 10**6


def grown(folder: Path, steps: int, bytes_of_step: int) -> None:
    """Write what `steps` steps leave."""
    (folder / "rollouts").mkdir(exist_ok=True)
    for step in range(1, steps + 1):
        (folder / "rollouts" / f"step_{step:06d}.jsonl").write_bytes(bytes(bytes_of_step))


def watch(folder: Path, room: int, checkpoint_mb: int = 10) -> DiskWatch:
    return DiskWatch(folder, CONFIG, 64, checkpoint_mb * MB, free=lambda path: room)


def test_what_a_run_will_take_is_its_checkpoints_and_its_steps(tmp_path: Path) -> None:
    first = watch(tmp_path, 0).needed_bytes(0)
    assert first == pytest.approx(100 * step_bytes(CONFIG, 64) + 3 * 10 * MB)
    for step in (20, 40):
        (tmp_path / "checkpoints" / f"step_{step:06d}").mkdir(parents=True)
    assert watch(tmp_path, 0).needed_bytes(60) == pytest.approx(40 * step_bytes(CONFIG, 64) + 10 * MB)
    assert watch(tmp_path, 0).needed_bytes(100) == 0


def test_larger_trees_and_pictures_take_more() -> None:
    small, large = CONFIG, RunConfig(rollout={"num_answers": 64, "num_programs": 8})
    assert step_bytes(large, 64) > 1.2 * step_bytes(small, 64)
    assert step_bytes(small, 448) > step_bytes(small, 64)


def test_a_disk_with_room_is_not_spoken_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    roomy = watch(tmp_path, 10**12)
    for step in range(0, 100, 5):
        roomy.look(step)
    assert caplog.text == ""


@pytest.mark.parametrize("missing", [1, SPARE_BYTES])
def test_a_disk_with_too_little_room_is_warned_of_once_before_the_first_step(
    missing: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needed = watch(tmp_path, 0).needed_bytes(0)
    tight = watch(tmp_path, int(needed) + SPARE_BYTES - missing)
    with caplog.at_level(logging.WARNING):
        tight.look(0)
        tight.look(0)
    (record,) = caplog.records
    text = record.getMessage()
    assert f"the disk of {tmp_path} has " in text and "10 MB a checkpoint" in text and "zerosight runs clean" in text


def test_growth_beyond_the_estimate_is_measured_and_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room = int(watch(tmp_path, 0).needed_bytes(0)) + SPARE_BYTES + MB
    growing = watch(tmp_path, room)
    growing.look(0)
    assert caplog.text == ""
    grown(tmp_path, LOOK_STEPS, 2 * MB)
    growing.stepped(LOOK_STEPS - 1)
    assert caplog.text == ""
    growing.stepped(LOOK_STEPS)
    assert "(2 MB a step" in caplog.text
    assert growing.needed_bytes(LOOK_STEPS) == pytest.approx(90 * 2 * MB + 30 * MB)


def test_a_checkpoint_is_measured_once_it_is_there(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoints" / "step_000020"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(bytes(3 * MB))
    watching = watch(tmp_path, 10**12)
    watching.look(5)
    assert watching.needed_bytes(5) == pytest.approx(95 * step_bytes(CONFIG, 64) + 2 * 3 * MB)


def test_a_disk_that_takes_no_further_checkpoint_is_spoken_of_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room = [30 * MB + SPARE_BYTES]
    watching = DiskWatch(tmp_path, CONFIG, 64, 10 * MB, free=lambda path: room[0])
    watching.look(0)
    room[0] = SPARE_BYTES
    watching.look(1)
    watching.look(2)
    assert [record.getMessage().count("room, and this run will take") for record in caplog.records] == [1, 1]
