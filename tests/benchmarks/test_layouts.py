"""Layouts as published that differ from the hub's tables; what does not fit says what is there."""

import base64
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from published import files, png
from published_cases import CASES

from zerosight.benchmarks.adapters import adapter
from zerosight.benchmarks.adapters.base import BenchmarkDataError
from zerosight.benchmarks.adapters.sources import questions
from zerosight.benchmarks.samples import BadRow, Sample


def samples(name: str, folder: Path) -> list[Sample]:
    rows = list(questions(adapter(name), folder))
    assert not [row for row in rows if isinstance(row, BadRow)], rows
    return [row for row in rows if isinstance(row, Sample)]


@pytest.mark.parametrize(
    ("table", "picture"), [("coco_qa_one_obj", "val2017/000000000042.jpg"), ("vg_qa_two_obj", "vg_images/42.jpg")]
)
def test_whatsup_over_coco_and_visual_genome(table: str, picture: str, tmp_path: Path) -> None:
    (tmp_path / f"{table}.json").write_text(json.dumps([[42, "A dog on the left", "A dog on the right"]]))
    files(tmp_path, picture)
    (sample,) = samples("whatsup", tmp_path)
    assert sample.options["AB".index(sample.answer)] == "A dog on the left"
    assert sample.category == {
        "subset": table.replace("_qa", "").replace("_obj", "").replace("_", " "),
        "captions": "2 captions",
    }
    assert sample.images[0].open().size == (16, 16)
    # Two captions are guessed rightly half of the time.
    chance = adapter("whatsup").chance
    assert isinstance(chance, dict) and chance[sample.category["captions"]] == 0.5


def test_a_list_in_a_file_of_another_name_and_a_lost_picture_are_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "something.json").write_text(json.dumps([[42, "a", "b"]]))
    (tmp_path / "coco_qa_one_obj.json").write_text(json.dumps([[43, "a", "b"]]))
    reasons = [row.reason for row in questions(adapter("whatsup"), tmp_path) if isinstance(row, BadRow)]
    assert "no picture val2017/000000000043.jpg of the row 43" in reasons[0]
    assert "neither an object with caption_options nor [image, right, wrong]" in reasons[1]


def test_embspatials_training_file_is_not_asked(tmp_path: Path) -> None:
    CASES["embspatial"].write(tmp_path)
    before = samples("embspatial", tmp_path)
    shutil.copy(tmp_path / "embspatial_bench.json", tmp_path / "embspatial_sft.json")
    assert [sample.id for sample in samples("embspatial", tmp_path)] == [sample.id for sample in before]


def tsv(path: Path, **cells: Any) -> None:
    """A table of VLMEvalKit's with one row."""
    row = {"index": 3, "question": "Which?", "answer": "B", "image": base64.b64encode(png()).decode(), **cells}
    path.write_text("\t".join(row) + "\n" + "\t".join(str(cell).replace("\n", " ") for cell in row.values()) + "\n")


OPTIONS = {"A": "red", "B": "blue", "C": "", "D": "nan"}


@pytest.mark.parametrize(
    ("name", "cells", "words"),
    [
        ("mmstar", {"category": "math", "l2_category": "geometry"}, "Which?\nOptions: A: red, B: blue\nAnswer"),
        ("realworldqa", {}, "Which?\n\nA. red\nB. blue\nPlease answer directly with only the letter"),
        ("v-star", {"category": "direct_attributes"}, "Which?\nA. red\nB. blue\nAnswer"),
        ("blink", {"category": "Counting"}, "Which?\nSelect from the following choices.\n(A) red\n(B) blue"),
    ],
)
def test_tables_of_vlmevalkit_are_read_with_their_options(
    name: str, cells: dict[str, str], words: str, tmp_path: Path
) -> None:
    tsv(tmp_path / "Bench.tsv", **cells, **OPTIONS)
    (sample,) = samples(name, tmp_path)
    benchmark = adapter(name)
    assert words in benchmark.prompt(sample) and sample.images[0].open().size == (16, 16)
    assert (benchmark.score(sample, "B"), benchmark.score(sample, "A")) == (1.0, 0.0)


def test_blinks_several_pictures_in_one_cell(tmp_path: Path) -> None:
    picture = base64.b64encode(png("blue")).decode()
    tsv(tmp_path / "BLINK.tsv", category="Jigsaw", **OPTIONS | {"image": str([picture, picture])})
    assert len(samples("blink", tmp_path)[0].images) == 2


def test_another_table_of_vlmevalkit_is_said_to_be_one(tmp_path: Path) -> None:
    tsv(tmp_path / "CV-Bench.tsv", category="Count", **OPTIONS)
    with pytest.raises(
        BenchmarkDataError, match=r"has no column idx, .*ask this VLMEvalKit table as it is with --dataset"
    ):
        samples("cv-bench", tmp_path)


def test_a_folder_without_tables_says_what_it_holds(tmp_path: Path) -> None:
    files(tmp_path, *(f"{n}.png" for n in range(8)))
    with pytest.raises(BenchmarkDataError, match=r"\(it has 0.png, 1.png, .*, …\)"):
        samples("mmstar", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BenchmarkDataError, match=r"\(it is empty\)"):
        samples("mmstar", tmp_path / "empty")


def test_a_film_in_a_zip_file(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    np = pytest.importorskip("numpy")
    CASES["vsi-bench"].write(tmp_path)
    shutil.rmtree(tmp_path / "scannet")
    with av.open(str(tmp_path / "film.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for shade in range(0, 200, 40):
            for packet in stream.encode(
                av.VideoFrame.from_ndarray(np.full((64, 64, 3), shade, np.uint8), format="rgb24")
            ):
                film.mux(packet)
        for packet in stream.encode():
            film.mux(packet)
    with zipfile.ZipFile(tmp_path / "scannet.zip", "w") as archive:
        archive.write(tmp_path / "film.mp4", "scannet/scene0001_00.mp4")
    (tmp_path / "film.mp4").unlink()
    sample = samples("vsi-bench", tmp_path)[0]
    shades = [int(np.asarray(sample.images[number].open().convert("L")).mean()) for number in (0, 4)]
    assert shades == pytest.approx([0, 160], abs=6) and len({image.digest for image in sample.images}) == 32
