"""lmms-eval's own tasks as a third implementation: its published functions, from an unpacked wheel, run on our rows.

Nothing of it is needed by a test: `parity.py` compares with it where a folder with the package is given.
"""

import contextlib
import copy
import functools
import importlib
import io
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import yaml

Doc = dict[str, Any]
PACKAGES = ("", ".tasks", ".api", ".filters")
ABSENT = (
    *("aiohttp", "openai", "math_verify", "lmms_eval.llm_judge", "lmms_eval.llm_judge.protocol"),
    *("lmms_eval.verifiers", "lmms_eval.verifiers.extractors", "lmms_eval.verifiers.openai"),
)
"""What its tasks import for judges and is not used here."""


@dataclass(frozen=True, kw_only=True)
class HarnessTask:
    """A task: its module, its YAML, and the way its functions are called."""

    module: str
    settings: str
    """The task's YAML, under `tasks/`."""
    prompt: str
    """The function that makes the prompt."""
    score: Callable[[Any, Doc, str], float] | None = None
    """From its module, a row and a reply to the score; None where a judge is asked."""


def load(folder: Path) -> None:
    """Make the modules of the package in `folder` importable without its heavy `__init__`."""
    for package in PACKAGES:
        module = types.ModuleType(f"lmms_eval{package}")
        module.__path__ = [str(folder / "lmms_eval" / package.lstrip("."))]
        sys.modules[module.__name__] = module
    for name in ABSENT:
        sys.modules.setdefault(name, MagicMock())
    hub = importlib.import_module("huggingface_hub")
    hub.snapshot_download = lambda *_, **__: str(folder)  # type: ignore[attr-defined]


def module_of(task: HarnessTask) -> Any:
    return importlib.import_module(f"lmms_eval.tasks.{task.module}")


def settings_of(task: HarnessTask, folder: Path) -> dict[str, Any]:
    """Return the YAML of `task`, what it includes beneath it, without the lines that name functions."""
    path = folder / "lmms_eval" / "tasks" / task.settings
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "!function" not in line]
    settings = yaml.safe_load("\n".join(lines)) or {}
    if include := settings.get("include"):
        beneath = replace(task, settings=str(Path(task.settings).parent / include))
        settings = settings_of(beneath, folder) | settings
    return settings


def prompt_of(task: HarnessTask, doc: Doc, folder: Path) -> str:
    function = getattr(module_of(task), task.prompt)
    options = (settings_of(task, folder).get("lmms_eval_specific_kwargs") or {}).get("default")
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return str(function(copy.copy(doc), options or {}) if len(names) > 1 else function(copy.copy(doc)))


def limit_of(task: HarnessTask, folder: Path) -> int | None:
    """Return the limit of new tokens; None where the model's own is used."""
    return (settings_of(task, folder).get("generation_kwargs") or {}).get("max_new_tokens")


def _entry(name: str, process: str, key: str) -> Callable[[Any, Doc, str], float]:
    """Return a score that is `key` in the entry called `name` of what `process` returns."""

    def score(module: Any, doc: Doc, reply: str) -> float:
        entry = getattr(module, process)(copy.copy(doc), [reply])[name]
        return float(entry[key] if isinstance(entry, Mapping) else entry)

    return score


def _vsi(module: Any, doc: Doc, reply: str) -> float:
    entry = module.vsibench_process_results(copy.copy(doc), [reply])["vsibench_overall"]
    return float(entry["accuracy"] if "accuracy" in entry else entry["MRA:.5:.95:.05"])


def _spar(module: Any, doc: Doc, reply: str) -> float:
    # 0.7.3 uses the name without importing it, so that every number scores 0 there.
    module.partial = functools.partial
    try:
        entry = module.sparbench_process_results(copy.copy(doc), [reply])["sparbench_score"]
    except IndexError:
        return -1.0
    return float(next(entry[key] for key in ("accuracy", "MRA:.5:.95:.05", "vci_metric") if key in entry))


def _mathvision(module: Any, doc: Doc, reply: str) -> float:
    return float(module.mathvision_process_results(copy.copy(doc), [reply])["mathvision_standard_eval"]["scores"][0])


def draw(option_number: int) -> None:
    """Let MMMU's random letter be that of `option_number`."""
    shared = importlib.import_module("lmms_eval.tasks._task_utils.mmmu_mcq_utils")
    shared.random = types.SimpleNamespace(choice=lambda letters: letters[option_number % len(letters)])  # type: ignore[attr-defined]


def _mmmu(module: Any, doc: Doc, reply: str) -> float:
    entry = module.mmmu_process_results(copy.copy(doc), [reply])["mmmu_acc"]
    if entry["question_type"] == "multiple-choice":
        return float(module.eval_multi_choice(entry["answer"], entry["parsed_pred"][0]))
    answer = entry["answer"]
    gold = yaml.safe_load(answer) if answer.startswith("[") else answer
    return float(module.eval_open(gold, entry["parsed_pred"][0]))


def _mmmu_pro(module: Any, doc: Doc, reply: str) -> float:
    entry = module.mmmu_pro_process_results({name: cell for name, cell in doc.items() if cell is not None}, [reply])
    return float(module.eval_multi_choice(entry["mmmu_acc"]["answer"], entry["mmmu_acc"]["parsed_pred"]))


TASKS: Mapping[str, HarnessTask] = {
    "vsi-bench": HarnessTask(
        module="vsibench.utils", settings="vsibench/vsibench.yaml", prompt="vsibench_doc_to_text", score=_vsi
    ),
    "embspatial": HarnessTask(
        module="embspatial.utils",
        settings="embspatial/embspatial.yaml",
        prompt="embspatial_doc_to_text",
        score=_entry("embspatial_acc", "embspatial_process_results", "is_correct"),
    ),
    "viewspatial": HarnessTask(
        module="viewspatial.utils",
        settings="viewspatial/viewspatial.yaml",
        prompt="viewspatial_doc_to_text",
        score=_entry("overall_accuracy", "viewspatial_process_results", "score"),
    ),
    "mmsi-bench": HarnessTask(
        module="mmsi_bench.utils",
        settings="mmsi_bench/msr_bench.yaml",
        prompt="msr_doc_to_text",
        score=_entry("average", "msr_process_results", "score"),
    ),
    "spatialviz": HarnessTask(
        module="spatialviz.utils",
        settings="spatialviz/spatialviz.yaml",
        prompt="spatialviz_doc_to_text",
        score=_entry("spatialviz_score", "spatialviz_process_results", "is_correct"),
    ),
    "stare": HarnessTask(
        module="stare.utils",
        settings="stare/stare_perspective.yaml",
        prompt="stare_doc_to_text",
        score=_entry("stare_score", "stare_process_results", "is_correct"),
    ),
    "realworldqa": HarnessTask(
        module="realworldqa.utils",
        settings="realworldqa/realworldqa.yaml",
        prompt="realworldqa_doc_to_text",
        score=_entry("exact_match", "realworldqa_process_results", ""),
    ),
    "blink": HarnessTask(
        module="blink.utils",
        settings="blink/blink_counting.yaml",
        prompt="blink_doc_to_text",
        score=_entry("blink_acc", "blink_process_results", "is_correct"),
    ),
    "cv-bench": HarnessTask(
        module="cv_bench.utils",
        settings="cv_bench/cv_bench.yaml",
        prompt="cv_bench_doc_to_text",
        score=_entry("cv_bench_acc", "cv_bench_process_results", "is_correct"),
    ),
    "3dsrbench": HarnessTask(
        module="3dsrbench.utils",
        settings="3dsrbench/3dsrbench_circular.yaml",
        prompt="doc_to_text",
        score=_entry("vanilla_accuracy", "process_results", "score"),
    ),
    "spar-bench": HarnessTask(
        module="sparbench.utils", settings="sparbench/sparbench.yaml", prompt="sparbench_doc_to_text", score=_spar
    ),
    "mindcube": HarnessTask(
        module="mindcube.utils",
        settings="mindcube/mindcube_tiny.yaml",
        prompt="mindcube_doc_to_text",
        score=_entry("overall_accuracy", "mindcube_process_results", "score"),
    ),
    "omnispatial": HarnessTask(
        module="omnispatial.utils",
        settings="omnispatial/omnispatial.yaml",
        prompt="omnispatial_doc_to_text",
        score=_entry("omnispatial", "omnispatial_process_results", "is_correct"),
    ),
    "corecognition": HarnessTask(
        module="corecognition.utils",
        settings="corecognition/corecognition.yaml",
        prompt="corecognition_doc_to_text",
        score=_entry("accuracy", "corecognition_process_results", ""),
    ),
    "mmstar": HarnessTask(
        module="mmstar.utils",
        settings="mmstar/mmstar.yaml",
        prompt="mmstar_doc_to_text",
        score=_entry("average", "mmstar_process_results", "score"),
    ),
    "v-star": HarnessTask(
        module="vstar_bench.utils",
        settings="vstar_bench/vstar_bench.yaml",
        prompt="vstar_doc_to_text",
        score=_entry("vstar_overall_acc", "vstar_process_results", "score"),
    ),
    "mathvista": HarnessTask(
        module="mathvista.utils", settings="mathvista/mathvista_testmini_format.yaml", prompt="mathvista_doc_to_text"
    ),
    "mathverse": HarnessTask(
        module="mathverse.utils", settings="mathverse/mathverse_testmini.yaml", prompt="mathverse_doc_to_text"
    ),
    "mathvision": HarnessTask(
        module="mathvision.utils",
        settings="mathvision/mathvision_test.yaml",
        prompt="mathvision_doc_to_text",
        score=_mathvision,
    ),
    "chartqa": HarnessTask(
        module="chartqa.utils",
        settings="chartqa/chartqa.yaml",
        prompt="chartqa_doc_to_text",
        score=_entry("relaxed_overall", "chartqa_process_results", ""),
    ),
    "mmmu": HarnessTask(module="mmmu.utils", settings="mmmu/mmmu_val.yaml", prompt="mmmu_doc_to_text", score=_mmmu),
    "mmmu-pro": HarnessTask(
        module="mmmu_pro.utils",
        settings="mmmu_pro/mmmu_pro_standard.yaml",
        prompt="mmmu_pro_doc_to_text",
        score=_mmmu_pro,
    ),
    "hallusionbench": HarnessTask(
        module="hallusion_bench.evaluate_hb",
        settings="hallusion_bench/hallusion_bench_image.yaml",
        prompt="hb_doc_to_text",
    ),
}
"""Its tasks by our names; VisNumBench, What'sUp and LogicVista's direct task are not among them."""

AVERAGES: Mapping[str, tuple[str, str, str, float]] = {
    "vsi-bench": ("vsibench_process_results", "vsibench_overall", "vsibench_aggregate_overall", 1.0),
    "embspatial": ("embspatial_process_results", "embspatial_acc", "embspatial_aggregate_results", 1.0),
    "viewspatial": ("viewspatial_process_results", "overall_accuracy", "viewspatial_aggregate_results", 1.0),
    "mmsi-bench": ("msr_process_results", "average", "msr_aggregate_results", 1.0),
    "spatialviz": ("spatialviz_process_results", "spatialviz_score", "spatialviz_aggregate_results", 1.0),
    "stare": ("stare_process_results", "stare_score", "stare_aggregate_results", 1.0),
    "blink": ("blink_process_results", "blink_acc", "blink_aggregate_results", 1.0),
    "cv-bench": ("cv_bench_process_results", "cv_bench_acc", "cv_bench_aggregate_results", 1.0),
    "3dsrbench": ("process_results", "circular_accuracy", "aggregate_circular_accuracy", 1.0),
    "spar-bench": ("sparbench_process_results", "sparbench_score", "sparbench_aggregate_results", 100.0),
    "mindcube": ("mindcube_process_results", "overall_accuracy", "mindcube_aggregate_results", 1.0),
    "omnispatial": ("omnispatial_process_results", "omnispatial", "omnispatial_group_aggregate_results", 1.0),
    "mmstar": ("mmstar_process_results", "average", "mmstar_aggregate_results", 1.0),
    "v-star": ("vstar_process_results", "vstar_overall_acc", "vstar_aggregate_results", 100.0),
    "mmmu": ("mmmu_process_results", "mmmu_acc", "mmmu_aggregate_results", 1.0),
}
"""By our names: what makes a question's entry, its metric, what averages the entries, and what 1 is there."""


def average_of(name: str, replies: Iterable[tuple[Doc, str]]) -> float | None:
    """Return the task's own average of `replies` to rows; None where its metric is a plain mean without a function."""
    if name not in AVERAGES:
        return None
    module, (process, metric, aggregate, whole) = module_of(TASKS[name]), AVERAGES[name]
    entries = [getattr(module, process)(copy.copy(doc), [reply])[metric] for doc, reply in replies]
    with contextlib.redirect_stdout(io.StringIO()):
        return float(getattr(module, aggregate)(entries)) / whole
