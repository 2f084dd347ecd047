"""The report: one page that is whole without anything else and shows what models wrote as text, whatever it is."""

import base64
import hashlib
import io
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zerosight.envs import make
from zerosight.train.config import RunConfig
from zerosight.train.curriculum.base import Curriculum
from zerosight.train.runs.report import CARDS, write_report
from zerosight.train.runs.store import Run

HOSTILE = "\"'></pre></style><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 191 }}\ud800\x00"
HOSTILE_SVG = '<svg onload="alert(3)"><image href="https://evil.example/x.png"/><script>alert(4)</script></svg>'
CONCEPT = "<b>bold</b> circles"
PROPOSAL = json.dumps({"concept": CONCEPT, "draw": [[2, "red", "circle"]], "ask": ["count", ["select", "red"]]})
VOID = {"meta", "img", "circle", "path", "br"}
TASKS = ("count", "colour")


class Page(HTMLParser):
    """What a browser would see: elements with attributes, scripts, and the text between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(data)
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def count(self, tag: str) -> int:
        return Counter(name for name, _ in self.elements)[tag]


def png(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(file, "png")
    return file.getvalue()


def summary(accuracy: float, blind: float = 0.3, half: float = 0.03) -> dict[str, Any]:
    sighted = {"accuracy": accuracy, "low": accuracy - half, "high": accuracy + half}
    return sighted | {"blind": blind, "blind_low": blind - half, "blind_high": blind + half, "chance": 0.25, "items": 4}


def evaluation(accuracy: float, blind: float = 0.3, half: float = 0.03) -> dict[str, Any]:
    return {
        "overall": summary(accuracy, blind, half),
        "tasks": {task: summary(accuracy, blind, half) for task in TASKS},
        "kinds": {"forms never answered before the run": summary(accuracy, blind, half)},
        "answers": [{"id": str(i), "right": i < round(4 * accuracy), "answer": HOSTILE} for i in range(4)],
        "writing": {
            "valid_proposals": {"value": accuracy, "low": 0.1, "high": 0.9, "count": 8},
            "answerable_questions": {"value": math.nan, "low": 0.0, "high": 1.0, "count": 0},
        },
    }


def metrics(step: int, role_keys: Mapping[str, float] | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {"step": step, "solve_rate": None if step == 2 else 0.5}
    for role in ("proposer", "coder", "solver"):
        values |= {f"{role}/reward": 0.1 * step, f"{role}/groups": 4.0, f"{role}/flat_groups": 1.0}
    values |= {"proposer/term/format": 1.0, "coder/term/spec_satisfied": 0.5, "solver/term/correct": 0.5}
    values |= {
        "proposals": 4,
        "proposals_valid": 3,
        "programs": 8,
        "programs_rendered": 6,
        "programs_spec_satisfied": 4,
        "items": 0,
        "items_from_proposer": 0,
    }
    values |= {"rejected": {"proposal/syntax": step, f"program/{HOSTILE}": 1}, "distinct_queries": 2}
    values |= {"grad_norm": math.nan}
    values |= {
        "label/error": 0.1 * step,
        "hacking/rewarded_incorrect": 0.2,
        "collapse/query_entropy": 1.5,
        "algorithm/temperature": 0.7,
    }
    values |= {"arms": {"count/1": 0.25, "count/2": 0.1 * step, "colour/1": 0.2}, "infrastructure_errors": 0}
    return values | {"time/rollout": 3.0, "time/learn": 1.5} | dict(role_keys or {})


def item(scene: str, from_proposer: bool = True, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"id": "step/0", "task": "count", "difficulty": 1, "from_proposer": from_proposer}
    found["scene"] = scene
    found |= {"program": HOSTILE_SVG, "question": HOSTILE, "query": ["count", HOSTILE], "truth": "2", "margin": 3.5}
    return found | {"answers": {"2": 6, "two.": 2, HOSTILE: 8}, "solve_rate": 0.5} | changes


def attempt(*items: dict[str, Any], proposal: str = PROPOSAL, **changes: Any) -> dict[str, Any]:
    drawings = [
        {"program": HOSTILE_SVG, "rejected": ["xml", HOSTILE], "spec_check": {"spec_satisfied": False}},
        {"program": HOSTILE_SVG, "scene": "a", "spec_check": {"spec_satisfied": False}},
        {"program": HOSTILE_SVG, "failed": HOSTILE, "spec_check": None},
    ]
    found = {"env": "shapes/Canvas-v1", "briefing": "count, 2 objects", "proposal": proposal, "rejected": None}
    return found | {"programs": drawings, "items": list(items)} | changes


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "a <i>run", RunConfig(steps=5))


def full(run: Run) -> Run:
    for step in range(1, 6):
        run.log(metrics(step))
        refused = attempt(proposal=HOSTILE, rejected=["syntax", HOSTILE], drawings=[])
        run.keep_rollouts(step, [attempt(item("a"), item("b", from_proposer=False)), refused])
    (run.folder / "pictures").mkdir()
    (run.folder / "pictures" / "a.png").write_bytes(png())
    (run.folder / "pictures" / "b.png").write_bytes(png("blue"))
    run.keep_evaluation("start", evaluation(0.25))
    run.keep_evaluation("end", evaluation(0.75))
    return run


def page_of(run: Run) -> Page:
    path = write_report(run)
    assert path == run.folder / "report.html"
    page = Page(path.read_text(encoding="utf-8"))
    assert page.open == [], "an element is not closed"
    return page


def test_what_models_wrote_is_text_and_never_markup(run: Run) -> None:
    page = page_of(full(run))
    assert page.count("script") == 1
    assert page.count("image") == 0
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "alert" not in "".join(page.raw["script"] + page.raw["style"])
    for shown in (HOSTILE_SVG, CONCEPT, "alert(1)", "{{ 7 * 191 }}", "a <i>run"):
        assert shown in page.text
    assert "1337" not in page.text
    raw = (run.folder / "report.html").read_text()
    assert "<script>alert" not in raw and "<svg onload" not in raw and "<b>bold" not in raw


def test_page_needs_no_resource_and_allows_none(run: Run) -> None:
    page = page_of(full(run))
    for _tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert re.match(r"data:image/png;base64,|#|$", attributes.get(name, "")), attributes
    assert not {"link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    assert not re.search(r"https?:|@import|url\(", "".join(page.raw["style"] + page.raw["script"]))
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    script = base64.b64encode(hashlib.sha256("".join(page.raw["script"]).encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{script}'" in policy


def test_figures_and_verdict_are_shown(run: Run) -> None:
    page = page_of(full(run))
    assert "rose by 50.0 points, and the two 95 % intervals do not overlap" in page.text
    assert "2 turned from wrong to right and 0 from right to wrong" in page.text
    assert "forms never answered before the run" in page.text
    assert "They are no proof of learning" in page.text
    assert "not finished" not in page.text
    charts = [
        attributes["aria-label"] for tag, attributes in page.elements if tag == "svg" and "aria-label" in attributes
    ]
    titles = ("reward", "spec satisfied", "groups with signal", "seconds a step", "wrong labels, share", "temperature")
    for title in (*titles, "count", "colour"):
        assert f"{title}, over the steps" in charts
    assert sum(label == "reward, over the steps" for label in charts) == 3
    assert "Furthest below their best running accuracy: count/" in page.text
    assert not re.search(r"\bnan\b", "".join(str(element) for element in page.elements), re.IGNORECASE)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (evaluation(0.4), evaluation(0.44), "intervals overlap: a change of +4.0 points is no proof"),
        (evaluation(0.6), evaluation(0.4), "Held-out accuracy fell by 20.0 points"),
        (evaluation(0.4, 0.3), evaluation(0.6, 0.45), "that part is better guessing, not seeing"),
        (None, None, "before and after the run is not measured yet"),
        (evaluation(0.4), None, "accuracy after the run is not measured yet"),
        (None, evaluation(0.4), "accuracy before the run is not measured yet"),
    ],
)
def test_verdict_says_no_more_than_was_measured(before: Any, after: Any, said: str, run: Run) -> None:
    for name, result in (("start", before), ("end", after)):
        if result is not None:
            run.keep_evaluation(name, result)
    page = page_of(run)
    assert said in page.text
    assert "rose by" not in page.text or "guessing" in said
    assert "not finished: it stands at step 0 of 5" in page.text


def test_answers_are_marked_by_the_oracle(run: Run) -> None:
    page = page_of(full(run))
    assert "2 6 ✓ two. 2" in page.text
    assert page.text.count("✗") > 0
    run.keep_rollouts(1, [attempt(item("a", solve_rate=0.1))])
    for step in range(2, 6):
        run.keep_rollouts(step, [])
    unsure = page_of(run).text
    assert "✓" not in unsure and "✗" not in unsure


def test_gallery_shows_early_and_late_items_with_their_authors(run: Run) -> None:
    page = page_of(full(run))
    cards = [attributes for tag, attributes in page.elements if tag == "article" and "data-when" in attributes]
    assert {(card["data-when"], card["data-whose"], card["data-solved"]) for card in cards} == {
        (when, whose, "sometimes") for when in ("early", "late") for whose in ("proposer", "environment")
    }
    assert len(cards) <= 2 * CARDS
    assert base64.b64encode(png("blue")).decode() in (run.folder / "report.html").read_text()
    assert "asked for: 2 red circles" in page.text


def test_pictures_outside_the_run_are_not_read(run: Run, tmp_path: Path) -> None:
    (run.folder / "pictures").mkdir()
    (tmp_path / "secret.png").write_bytes(png("green"))
    run.keep_rollouts(1, [attempt(item("../../secret"))])
    assert "No picture has been kept yet" in page_of(run).text


def test_a_run_of_an_unknown_environment_is_shown_without_its_words(tmp_path: Path) -> None:
    run = full(Run.create(tmp_path / "run", RunConfig(envs=("gone/Gone-v1",), steps=9)))
    run.keep_rollouts(1, [attempt(item("a"), env="gone/Gone-v1")])
    page = page_of(run)
    assert "asked for: count, 2 objects" in page.text
    assert "not finished: it stands at step 5 of 9" in page.text


def test_curriculum_is_read_from_the_newest_checkpoint(run: Run) -> None:
    curriculum = Curriculum(run.config.curriculum, [make("shapes/Canvas-v1")])
    folder = run.folder / "checkpoints" / "step_000004"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps({"step": 4, "curriculum": curriculum.state()}))
    assert "After step 4: how likely each form" in page_of(run).text
    (folder / "state.json").write_text('{"step": 4, "curr')
    assert "how likely each form" not in page_of(run).text


def test_long_runs_and_long_texts_stay_small(run: Run) -> None:
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(metrics(step)) + "\n" for step in range(1, 3001)))
    run.keep_rollouts(1, [attempt(proposal="x" * 1_000_000, rejected=["syntax", "y" * 1_000_000])])
    assert "(996000 more characters)" in page_of(run).text
    assert (run.folder / "report.html").stat().st_size < 1_000_000


def test_a_new_report_replaces_the_old_one_whole(run: Run) -> None:
    write_report(run)
    page_of(full(run))
    assert not list(run.folder.glob(".report*"))


def test_curves_are_explained_and_have_their_values_for_who_points_at_them(run: Run) -> None:
    page = page_of(full(run))
    readouts = [json.loads(attributes["data-readout"]) for tag, attributes in page.elements if tag == "figure"]
    assert readouts and all(curve for readout in readouts for curve in readout["curves"])
    steps = [entry["step"] for entry in run.metrics()]
    assert [point[0] for point in readouts[0]["curves"][0]] == steps and readouts[0]["steps"] == [steps[0], steps[-1]]
    assert page.text.count("what it says") >= len(readouts) - len(TASKS)
    assert "Mean reward of the proposer: its terms times their weights." in page.text
