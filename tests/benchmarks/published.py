"""A few rows of each public benchmark in the layout in which it is published."""

import base64
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet
from PIL import Image


def png(colour: str = "red", size: int = 16) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


def hf(colour: str = "red") -> dict[str, Any]:
    """A picture as the hub's parquet files have it."""
    return {"bytes": png(colour), "path": f"{colour}.png"}


def table(folder: Path, rows: Sequence[dict[str, Any]], name: str = "data/test-00000-of-00001.parquet") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)


def lines(folder: Path, rows: Sequence[dict[str, Any]], name: str) -> None:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def files(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(["red", "green", "blue", "white"][number % 4]))


def zipped(folder: Path, archive: str, *names: str) -> None:
    with zipfile.ZipFile(folder / archive, "w") as file:
        for name in names:
            file.writestr(name, png("green"))


def vsi(folder: Path) -> None:
    common = {"dataset": "scannet", "scene_name": "scene0001_00"}
    files(folder, *(f"scannet/scene0001_00/{n:03d}.png" for n in range(20)))
    rows = [
        ("object_counting", "How many chairs?", "4", None),
        ("object_counting", "How many tables?", "2", None),
        ("object_rel_direction_easy", "Left or right?", "A", ["A. left", "B. right"]),
        ("object_rel_direction_hard", "Where?", "C", ["A. x", "B. y", "C. z", "D. w"]),
        ("room_size_estimation", "How large?", "10", None),
    ]
    table(
        folder,
        [
            common | {"id": n, "question_type": kind, "question": q, "ground_truth": a, "options": o}
            for n, (kind, q, a, o) in enumerate(rows)
        ],
    )


def embspatial(folder: Path) -> None:
    common = {"question": "Where?", "data_source": "mp3d", "image": base64.b64encode(png()).decode()}
    common["answer_options"] = ["above", "below", "left", "right"]  # type: ignore[assignment]
    rows = [common | {"question_id": f"q{n}", "relation": "close" if n else "left", "answer": n} for n in range(3)]
    (folder / "embspatial_bench.json").write_text(json.dumps(rows))


def viewspatial(folder: Path) -> None:
    common = {"question": "Where is it?", "choices": "A. left\nB. right\nC. front\nD. back", "answer": "B. right"}
    kinds = ("Camera perspective - Object View Orientation", "Person perspective - Relative Direction")
    table(
        folder,
        [
            common | {"images": [hf(["red", "green"][n % 2]), hf("blue")], "question_type": kinds[n // 2]}
            for n in range(4)
        ],
    )


def mmsi(folder: Path) -> None:
    common = {"question": "Q\nA: x, B: y, C: z, D: w", "images": [png(), png("blue")], "thought": ""}
    kinds = ("Motion (Cam.)", "MSR")
    table(folder, [common | {"id": n, "answer": "ABCD"[n], "question_type": kinds[n % 2]} for n in range(4)])


def spatialviz(folder: Path) -> None:
    common = {
        "Category": "MentalRotation",
        "Task": "2DRotation",
        "Level": "Level0",
        "Question": "Which?",
        "Choices": ["a", "b", "c", "d"],
        "Explanation": "",
    }
    rows = [common | {"Image_id": f"2DRotation-{n}", "Answer": "AB"[n % 2]} for n in range(4)]
    table(folder, rows)
    zipped(folder, "images.zip", *(f"MentalRotation/2DRotation/Level0/2DRotation-{n}.png" for n in range(4)))


def stare(folder: Path) -> None:
    rows = [("folding_nets", "yes"), ("folding_nets", "yes"), ("folding_nets", "no"), ("perspective", "B")]
    table(
        folder,
        [
            {
                "pid": f"p{n}",
                "question": "Q (A) x (B) y",
                "answer": answer,
                "images": [hf()],
                "category": kind,
                "other_info": "",
            }
            for n, (kind, answer) in enumerate(rows)
        ],
    )


def realworldqa(folder: Path) -> None:
    answers = ("B", "A", "Two")
    table(
        folder,
        [
            {"image": hf(["red", "green", "blue"][n]), "question": "How many?", "answer": answer}
            for n, answer in enumerate(answers)
        ],
    )


def blink(folder: Path) -> None:
    for task, answer in (("Counting", "(B)"), ("Jigsaw", "(A)")):
        row = {
            "idx": f"val_{task}_1",
            "sub_task": task,
            "question": "Q",
            "prompt": "Q\n(A) one\n(B) two",
            "choices": ["one", "two"],
            "answer": answer,
            "image_1": hf(),
            "image_2": hf("blue"),
            "image_3": None,
            "image_4": None,
        }
        table(folder, [row, row | {"idx": f"val_{task}_2"}], f"{task}/val-00000-of-00001.parquet")


def cv_bench(folder: Path) -> None:
    rows = [("2D", "Count", "ADE20K"), ("2D", "Count", "ADE20K"), ("2D", "Relation", "COCO"), ("3D", "Depth", "Omni3D")]
    table(
        folder,
        [
            {
                "idx": n,
                "type": kind,
                "task": task,
                "image": hf(),
                "question": "Q",
                "choices": ["1", "2"],
                "answer": "(A)",
                "prompt": "Q\n(A) 1\n(B) 2",
                "source": source,
            }
            for n, (kind, task, source) in enumerate(rows)
        ],
        "test.parquet",
    )


def three_dsr(folder: Path) -> None:
    lines_ = ["index\tqid\tquestion\tA\tB\tC\tD\tanswer\tcategory\timage"]
    picture = base64.b64encode(png()).decode()
    for n, qid in enumerate(["AAAABBBB-0", "AAAABBBB-1", "CCCCDDDD-0", "CCCCDDDD-1", "CCCCDDDD-flip-0"]):
        first, second, right = ("near", "far", "A") if n % 2 == 0 else ("far", "near", "B")
        lines_.append("\t".join((str(n), qid[:-2], "Which?", first, second, "", "", right, "height", picture)))
    (folder / "3dsrbench_v1_circular_test.tsv").write_text("\n".join(lines_) + "\n")


def spar(folder: Path) -> None:
    rows = [
        ("depth_prediction_oc", "10"),
        ("depth_prediction_oo_mv", "10"),
        ("position_matching", "B"),
        ("position_matching", "C"),
        ("view_change_infer", "move_right:1.0,rotate_up:10"),
    ]
    table(
        folder,
        [
            {
                "id": str(n),
                "task": task,
                "question": "Q",
                "answer": answer,
                "image": [hf(), hf("blue")],
                "img_type": "multi",
            }
            for n, (task, answer) in enumerate(rows)
        ],
    )


def mindcube(folder: Path) -> None:
    prompt = "<image>\n<image>\nWhich?\nA. x\nB. y"
    rows = [
        {
            "id": f"{kind}_group{n}_q1",
            "category": [],
            "type": "",
            "question": "Which? A. x B. y",
            "images": [f"other_all_image/{kind}/front.jpg", f"other_all_image/{kind}/left.jpg"],
            "gt_answer": "AB"[n],
            "input_prompt": prompt,
        }
        for n, kind in enumerate(("around", "rotation"))
    ]
    lines(folder, rows, "MindCube_tinybench.jsonl")
    for row in rows:
        files(folder, *(f"data/{name}" for name in row["images"]))


def omnispatial(folder: Path) -> None:
    rows = [
        {
            "id": f"{n}_0",
            "question": "Which?",
            "options": ["a", "b", "c", "d"],
            "answer": n,
            "gt": "ABCD"[n],
            "task_type": "Dynamic_Reasoning",
            "sub_task_type": ["Motion_Analysis", "Manipulation"][n],
        }
        for n in range(2)
    ]
    for row in rows:
        row["gt"] = None
    (folder / "data.json").write_text(json.dumps(rows))
    zipped(
        folder,
        "OmniSpatial-test.zip",
        "OmniSpatial-test/Dynamic_Reasoning/0.png",
        "OmniSpatial-test/Dynamic_Reasoning/1.png",
    )


def whatsup(folder: Path) -> None:
    rows = []
    for relation in ("left_of", "right_of", "on", "under"):
        name = f"controlled_images/mug_{relation}_plate.jpeg"
        said = [f"A mug {each.replace('_', ' ')} a plate" for each in ("left_of", "right_of", "on", "under")]
        right = f"A mug {relation.replace('_', ' ')} a plate"
        rows.append({"image_path": name, "caption_options": [right, *(each for each in said if each != right)]})
    (folder / "controlled_images_dataset.json").write_text(json.dumps(rows))
    for row in rows:
        files(folder, str(row["image_path"]))


def corecognition(folder: Path) -> None:
    rows = [("MC", "B", "boundary", 1), ("TF", "YES", "permanence", 1), ("MC", "A", "intentionality", 3)]
    table(
        folder,
        [
            {
                "id": n,
                "prompt": "Look. Q? A: x B: y",
                "question": "Q",
                "answer": answer,
                "type": kind,
                "concept": concept,
                "stage": stage,
                "images": [hf()],
                "image_paths": ["1.png"],
            }
            for n, (kind, answer, concept, stage) in enumerate(rows)
        ],
        "data/train.parquet",
    )


def mmstar(folder: Path) -> None:
    rows = [("perception", "a"), ("perception", "a"), ("perception", "b"), ("math", "c")]
    table(
        folder,
        [
            {
                "index": n,
                "question": "Q\nOptions: A: x, B: y",
                "image": png(),
                "answer": "A",
                "category": kind,
                "l2_category": sub,
                "meta_info": {"source": "MMBench"},
            }
            for n, (kind, sub) in enumerate(rows)
        ],
        "mmstar.parquet",
    )


def v_star(folder: Path) -> None:
    ending = "Answer with the option's letter from the given choices directly."
    text = f"What is the colour of the bag?\n(A) red\n(B) blue\n{ending}"
    kinds = ("direct_attributes", "relative_position")
    table(
        folder,
        [
            {"image": hf(), "text": text, "category": kinds[n % 2], "label": "AB"[n % 2], "question_id": n}
            for n in range(4)
        ],
    )


def mathvista(folder: Path) -> None:
    rows = [
        ("multi_choice", "text", ["red", "blue"], "blue", None),
        ("free_form", "integer", None, "3", None),
        ("free_form", "float", None, "1.3", 1.0),
        ("multi_choice", "text", ["12", "13"], "12", None),
    ]
    table(
        folder,
        [
            {
                "pid": str(n),
                "question": "Q",
                "image": "images/1.jpg",
                "decoded_image": hf(),
                "choices": choices,
                "unit": None,
                "precision": precision,
                "answer": answer,
                "question_type": kind,
                "answer_type": answer_type,
                "query": "Hint: ...\nQuestion: Q",
                "metadata": {"task": "figure question answering" if n < 2 else "geometry problem solving"},
            }
            for n, (kind, answer_type, choices, answer, precision) in enumerate(rows)
        ],
        "data/testmini-00000-of-00001.parquet",
    )


def mathverse(folder: Path) -> None:
    rows = [
        ("Text Dominant", "multi-choice", "B"),
        ("Vision Only", "multi-choice", "A"),
        ("Vision Only", "free-form", "0.5"),
    ]
    table(
        folder,
        [
            {
                "sample_index": str(n),
                "problem_index": "1",
                "problem_version": version,
                "question": "Q",
                "image": hf(),
                "answer": answer,
                "question_type": kind,
                "metadata": {"subject": "Plane Geometry"},
                "query_wo": "Q",
                "query_cot": "Please first conduct reasoning ...\nQ",
                "question_for_eval": "Q",
            }
            for n, (version, kind, answer) in enumerate(rows)
        ],
        "testmini.parquet",
    )


def mathvision(folder: Path) -> None:
    rows = [
        (["1", "2", "3", "4", "5"], "B", 1, "algebra"),
        ([], "7", 5, "counting"),
        ([], r"\frac{3}{4}", 5, "algebra"),
    ]
    table(
        folder,
        [
            {
                "id": str(n),
                "question": "Q <image1>",
                "options": options,
                "image": "images/1.jpg",
                "decoded_image": hf(),
                "answer": answer,
                "solution": None,
                "level": level,
                "subject": subject,
            }
            for n, (options, answer, level, subject) in enumerate(rows)
        ],
    )


def chartqa(folder: Path) -> None:
    rows = [("human_test", "10"), ("human_test", "Yes"), ("augmented_test", "12.5%"), ("augmented_test", "100")]
    table(
        folder,
        [{"type": kind, "question": f"Q{n}", "answer": answer, "image": hf()} for n, (kind, answer) in enumerate(rows)],
    )


def mmmu(folder: Path) -> None:
    pictures = {f"image_{n}": hf() if n <= 2 else None for n in range(1, 8)}
    rows = [
        ("validation_Art_Theory_1", "How many?", "[]", "['12', 'twelve']", "open"),
        ("validation_Math_1", "Look at <image 1>. Which?", "['red', 'blue']", "B", "multiple-choice"),
        (
            "validation_Math_2",
            "Which of <image 1> and <image 2>?",
            "['<image 1>', '<image 2>']",
            "A",
            "multiple-choice",
        ),
    ]
    for n, (key, question, options, answer, kind) in enumerate(rows):
        row = {
            "id": key,
            "question": question,
            "options": options,
            "explanation": "",
            "answer": answer,
            "question_type": kind,
        }
        table(folder, [row | pictures], f"{'Math' if n else 'Art_Theory'}/validation-0000{n}.parquet")


def mmmu_pro(folder: Path) -> None:
    pictures = {f"image_{n}": hf() if n == 1 else None for n in range(1, 8)}
    options = str([f"option {n}" for n in range(10)])
    standard = {
        "id": "test_Math_1",
        "question": "Which? <image 1>",
        "options": options,
        "answer": "J",
        "subject": "Math",
    }
    table(folder, [standard | pictures], "standard (10 options)/test-0.parquet")
    table(
        folder,
        [{"id": "test_Math_1", "image": hf(), "options": options, "answer": "C", "subject": "Math"}],
        "vision/test-0.parquet",
    )


def hallusion(folder: Path) -> None:
    # Two figures of one set with two questions each.
    rows = [("0", "0", "1"), ("0", "1", "0"), ("1", "0", "0"), ("1", "1", "0")]
    table(
        folder,
        [
            {
                "category": "VD",
                "subcategory": "illusion",
                "visual_input": "1",
                "set_id": "0",
                "figure_id": figure,
                "sample_note": "",
                "question_id": question,
                "question": "Is it?",
                "gt_answer_details": "It is.",
                "gt_answer": right,
                "filename": "1.png",
                "image": hf(),
            }
            for figure, question, right in rows
        ],
        "data/image-0.parquet",
    )


def logicvista(folder: Path) -> None:
    rows = [("red", "B"), ("green", "A, C"), ("blue", "D")]
    table(folder, [{"image": hf(colour), "question": "Which?", "answer": answer} for colour, answer in rows])


def visnumbench(folder: Path) -> None:
    table(
        folder,
        [{"problem": "<image>How many?", "images": [hf(colour)], "answer": "4"} for colour in ("red", "green", "blue")],
    )
