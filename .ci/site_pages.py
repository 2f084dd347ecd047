"""Hooks of the documents' site: pages that are made of the code, and links to files outside `docs/`.

MkDocs calls `on_files` and `on_page_markdown` (mkdocs.yml). The pages are made anew with each build, so that none is
out of date; `tests/test_documents.py` compares them with what the code has.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

ROOT = Path(__file__).parent.parent
OUTSIDE_PAGES = {
    "envs/README.md": "your-own-world.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Documents that stand beside what they are about, and their pages."""


def options_page() -> str:
    """Return the reference of all options, as Markdown."""
    from zerosight.train.config import RunConfig

    parts = [
        "# Options\n\nEvery option of a run, for `--set NAME=VALUE` and for YAML files. "
        "`zerosight recipe show NAME` says which ones a recipe sets; an option without effect in a recipe is refused "
        "with the reason.\n"
    ]
    config = RunConfig()
    plain, sections = [], []
    for name, field in RunConfig.model_fields.items():
        value = getattr(config, name)
        (sections if isinstance(value, BaseModel) else plain).append((name, field, value))
    parts.append("## The run\n\n" + _option_table("", RunConfig, config, [name for name, _, _ in plain]))
    for name, field, value in sections:
        parts.append(f"## {name}\n\n{field.description or ''}\n\n{_option_table(f'{name}.', type(value), value)}")
    return "\n".join(parts)


def _option_table(prefix: str, kind: type[BaseModel], values: BaseModel, names: Iterable[str] | None = None) -> str:
    from zerosight.roles.terms import TABLES

    rows = ["| option | type | |", "| --- | --- | --- |"]
    for name in names if names is not None else kind.model_fields:
        field, value = kind.model_fields[name], getattr(values, name)
        if prefix == "rewards." and isinstance(value, dict):
            for term in TABLES[name].terms.values():
                rows.append(f"| `{prefix}{name}.{term.name}` | number, `{term.default_weight}` | {_cell(term.about)} |")
            continue
        type_text = _cell(_type_text(field.annotation))
        default = f"; `{_cell(str(value))}` by default" if value not in ("", None, ()) else ""
        rows.append(f"| `{prefix}{name}` | {type_text}{default} | {_cell(field.description or '')} |")
    return "\n".join(rows) + "\n"


def _type_text(annotation: Any) -> str:
    text = inspect.formatannotation(annotation) if annotation is not None else ""
    for pattern, plain in (
        (r"(?:typing\.)?Literal\[([^\]]*)\]", r"\1"),
        (r"typing\.|zerosight\.[\w.]+\.|pathlib\.", ""),
        (r"tuple\[(.*), \.\.\.\]", r"list of \1"),
        (r"\| None", "or none"),
    ):
        text = re.sub(pattern, plain, text)
    return text.replace("'", "`")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def metrics_page() -> str:
    """Return the reference of all logged metrics, as Markdown."""
    from zerosight.train.runs.glossary import metrics

    rows = [
        f"| `{metric.key}` | **{metric.title}**{f', {metric.unit}' if metric.unit else ''}: {_cell(metric.about)} |"
        for metric in metrics()
    ]
    return (
        "# Metrics\n\nEvery key of a run's `metrics.jsonl`, of the trackers and of the report, in the order in which "
        "it is worth looking at. `{name}` stands for a name that the run decides. Held-out accuracy is not among "
        "them: it is measured before and after, in `evaluations/`.\n\n"
        "| key | on charts, unit: what it says |\n| --- | --- |\n" + "\n".join(rows) + "\n"
    )


def recipes_page() -> str:
    """Return all recipes with source, deviations and options, as Markdown."""
    import yaml

    from zerosight.train.recipes import RECIPES

    parts = [
        "# Recipes in full\n\nWhat `zerosight recipe show NAME` prints, for each; [Recipes](../recipes.md) compares.\n"
    ]
    for recipe in RECIPES.values():
        changes = {key: value for key, value in recipe.changes().items() if key not in ("recipe", "algorithm")}
        parts.append(f"## {recipe.name}\n\n```text\n{recipe.about}\n```\n")
        if changes:
            parts.append(f"It sets:\n\n```yaml\n{yaml.safe_dump(changes, sort_keys=False).rstrip()}\n```\n")
        switches = dict(recipe.algorithm.all_paper_compat())
        if switches:
            listed = "\n".join(f"- `{name}`: {about}" for name, about in switches.items())
            parts.append(f"Published behaviour, off unless named in `paper_compat`:\n\n{listed}\n")
    return "\n".join(parts)


def commands_page() -> str:
    """Return every command with its help, as Markdown."""
    import typer

    from zerosight.cli.app import Commands, app

    group: Any = typer.main.get_command(app)
    context = typer.Context(group, info_name="zerosight")
    parts = [
        "# Commands\n\nOutput is text that a terminal cannot be commanded by; with `--json` stdout is JSON and nothing "
        "else. `zerosight --install-completion` teaches your shell the commands.\n\n"
        "| exit status | |\n| --- | --- |\n| 0 | done |\n| 1 | what was checked does not hold: a drawing is rejected, "
        "something does not fit, a part is missing |\n| 2 | not possible as given; one line on stderr says why and how "
        "to go on |\n| 3 | part of an evaluation could not be asked |\n| 70 | a fault of zerosight itself |\n"
        "| 128 + N | ended by signal N, so 130 for Ctrl-C |\n"
    ]
    for name in Commands.lazy_commands:
        command = group.get_command(context, name)
        inner = {f"{name} {part}": one for part, one in getattr(command, "commands", {}).items()} or {name: command}
        for full_name, one in inner.items():
            help_text = one.get_help(typer.Context(one, info_name=f"zerosight {full_name}"))
            parts.append(f"## {full_name}\n\n```text\n{help_text}\n```\n")
    return "\n".join(parts)


def api_page() -> str:
    """Return the public names of Python with their signatures and documentation, as Markdown."""
    import zerosight.envs
    import zerosight.geometry
    import zerosight.render

    parts = ["# Python\n\nWhat plugins and scripts import. Nothing here needs torch.\n"]
    for module in (zerosight.envs, zerosight.render, zerosight.geometry):
        summary = (module.__doc__ or "").strip().splitlines()[0]
        parts.append(f"## {module.__name__}\n\n{summary}\n")
        for name in sorted(module.__all__):
            parts.append(_api_entry(name, getattr(module, name)))
    return "\n".join(parts)


def _api_entry(name: str, value: Any) -> str:
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return f"### {name}\n\n`{type(value).__name__}`\n"
    try:
        signature = re.sub(r"zerosight\.(\w+\.)+", "", str(inspect.signature(value)))
        signature = re.sub(r"<[^>]*>", "...", signature)
    except ValueError:
        signature = ""
    text = inspect.cleandoc(value.__doc__ or "")
    return f"### {name}\n\n```text\n{name}{signature}\n\n{text}\n```\n"


PAGES: dict[str, Callable[[], str]] = {
    "reference/options.md": options_page,
    "reference/metrics.md": metrics_page,
    "reference/recipes.md": recipes_page,
    "reference/commands.md": commands_page,
    "reference/api.md": api_page,
}


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made of the code, and those that stand outside `docs/`."""
    from mkdocs.structure.files import File

    for name, make_page in PAGES.items():
        files.append(File.generated(config, name, content=make_page()))
    for outside, name in OUTSIDE_PAGES.items():
        files.append(File.generated(config, name, content=(ROOT / outside).read_text(encoding="utf-8")))
    for path in linked_files():
        files.append(File.generated(config, f"files/{path}", abs_src_path=str(ROOT / path)))
    return files


_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def linked_files() -> list[str]:
    """Return the files outside `docs/` that the documents link to and that are no pages, by their path."""
    documents = {path: path.relative_to(ROOT).parent for path in (ROOT / "docs").rglob("*.md")}
    documents |= {ROOT / outside: Path(outside).parent for outside in OUTSIDE_PAGES}
    targets = {
        target
        for document, folder in documents.items()
        for link in _LINK.finditer(document.read_text(encoding="utf-8"))
        if (target := _target(folder, link[2])) is not None
    }
    return sorted(
        path for path in targets if path not in OUTSIDE_PAGES and (ROOT / path).is_file() and _is_outside(path)
    )


def _is_outside(path: str) -> bool:
    return not path.startswith("docs/")


def _target(folder: Path, link: str) -> str | None:
    """Return the path in the repository that a `link` of a document in `folder` names; None of an address."""
    if "://" in link or link.startswith(("mailto:", "/")):
        return None
    resolved = (ROOT / folder / link).resolve()
    return resolved.relative_to(ROOT).as_posix() if resolved.is_relative_to(ROOT) else None


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Point links to files outside `docs/` at their pages or copies."""
    source = next((outside for outside, name in OUTSIDE_PAGES.items() if name == page.file.src_uri), None)
    folder = Path(source).parent if source else Path("docs") / Path(page.file.src_uri).parent
    depth = page.file.src_uri.count("/")

    def moved(link: re.Match[str]) -> str:
        path = _target(folder, link[2])
        if path is None or page.file.src_uri in PAGES:
            return link[0]
        if path in OUTSIDE_PAGES:
            name = OUTSIDE_PAGES[path]
        elif path.startswith("docs/"):
            name = path.removeprefix("docs/")
        elif (ROOT / path).is_file():
            name = f"files/{path}"
        else:
            # A folder of the repository has no page.
            return f"]({'../' * depth}index.md)" if path == "." else f"]({'../' * depth}contributing.md)"
        return f"]({'../' * depth}{name}{link[3] or ''})"

    return _LINK.sub(moved, markdown)
