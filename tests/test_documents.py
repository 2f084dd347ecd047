"""The documents are whole: nothing that the code has is missing in the references, and every link leads somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from zerosight.cli.app import Commands
from zerosight.roles.terms import TABLES
from zerosight.train.config import known_keys
from zerosight.train.recipes import RECIPES
from zerosight.train.runs.glossary import explain, metrics

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").rglob("*.md"))


@pytest.fixture(scope="module")
def site() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / ".ci" / "site_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_option_is_in_the_reference_with_a_sentence(site: ModuleType) -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \|[^|]*\| (.+) \|$", site.options_page(), re.MULTILINE))
    assert sorted(set(known_keys()) - rows.keys()) == []
    assert [name for name, text in rows.items() if len(text) < 10] == []


def test_every_metric_recipe_command_and_name_is_in_its_reference(site: ModuleType) -> None:
    page = site.metrics_page()
    assert [metric.key for metric in metrics() if f"| `{metric.key}` |" not in page] == []
    assert all(f"\n## {name}\n" in site.recipes_page() for name in RECIPES)
    commands = site.commands_page()
    assert all(re.search(rf"\n## {name}( \w+)?\n", commands) for name in Commands.lazy_commands)
    import zerosight.envs

    assert all(f"\n### {name}\n" in site.api_page() for name in zerosight.envs.__all__)


def test_metrics_are_explained_once_and_in_a_sentence() -> None:
    keys = [metric.key for metric in metrics()]
    assert len(set(keys)) == len(keys)
    assert [metric.key for metric in metrics() if len(metric.about) < 10 or not metric.title] == []
    terms = [f"{role}/term/{name}" for role, table in TABLES.items() for name in table.terms]
    assert all(explain(key) for key in [*terms, "arms/count/1", "rejected/program/xml", "solver/kl"])


def test_the_site_has_every_document_and_no_other(site: ModuleType) -> None:
    def pages(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [page for part in (entry.values() if isinstance(entry, dict) else entry) for page in pages(part)]

    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    documents = {path.relative_to(ROOT / "docs").as_posix() for path in DOCS}
    assert set(pages(settings["nav"])) == documents | set(site.PAGES) | set(site.OUTSIDE_PAGES.values())


@pytest.mark.parametrize("document", [*DOCS, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "envs/README.md"])
def test_links_lead_somewhere(document: Path, site: ModuleType) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    made = {(ROOT / "docs" / name).resolve() for name in [*site.PAGES, *site.OUTSIDE_PAGES.values()]}
    broken = [
        link
        for link in re.findall(r"\]\(([^)#\s]+)", text)
        if "://" not in link
        and not (document.parent / link).exists()
        and (document.parent / link).resolve() not in made
    ]
    assert broken == []


def test_options_and_commands_that_the_documents_name_exist() -> None:
    known = set(known_keys())
    for document in [*DOCS, ROOT / "README.md"]:
        text = document.read_text()
        named = set(re.findall(r"--set '?([a-z_.]+)=", text))
        assert sorted(named - known) == [], document.name
        commands = set(re.findall(r"^(?:\$ )?zerosight ([a-z]+)", text, re.MULTILINE))
        assert sorted(commands - Commands.lazy_commands.keys()) == [], document.name
