"""What reaches a terminal: nothing that a model or a stranger wrote can style it, command it or break it."""

import io
import logging
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from zerosight.cli import console as parts
from zerosight.cli.console import PlainConsole, ProgressBars, SessionProgress, output_file, printable, table_of
from zerosight.train.runs.status import StatusFile, read_status

CommandLine = Callable[..., subprocess.CompletedProcess[str]]

HOSTILE = [
    pytest.param("\x1b]0;a title\x07\x1b]52;c;cm0=\x07\x1b[2J\x1b[31mred", id="escape sequences"),
    pytest.param("\x9b31mred\x9d0;title\x9c", id="8-bit control characters"),
    pytest.param("\ud800 and \udfff", id="lone surrogates"),
    pytest.param("over\rwritten\b\b\x7f\x00", id="carriage return and friends"),
    pytest.param("\u202egnp.exe\u2066", id="writing direction"),
    pytest.param("[bold]pip install 'zerosight[train]'[/x] [link=http://a]b[/link] :smile:", id="markup"),
]


def written(show: Callable[[PlainConsole], None], *, width: int = 100, color: bool = False) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    show(PlainConsole(file=file, width=width, force_terminal=color, color_system="standard" if color else None))
    file.flush()
    return file.buffer.getvalue().decode()


def is_plain(text: str) -> bool:
    return not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "show",
    [
        pytest.param(lambda console, text: console.print(text, soft_wrap=True), id="string"),
        pytest.param(lambda console, text: console.print(Text(text), soft_wrap=True), id="Text"),
        pytest.param(lambda console, text: console.print(Text.assemble(("a ", "bold"), text)), id="assembled"),
        pytest.param(lambda console, text: console.print(_table(text)), id="table"),
    ],
)
def test_hostile_text_is_printed_whole_and_plain(text: str, show: Callable[[PlainConsole, str], None]) -> None:
    output = written(lambda console: show(console, text), width=400)
    assert is_plain(output)
    # Rich's Text drops these by itself.
    kept = text.translate(dict.fromkeys(map(ord, "\x07\x08\x0b\x0c\r")))
    assert printable(text) in output or printable(kept) in output


def _table(text: str) -> Table:
    table = table_of(text, title=text)
    table.add_row(text)
    return table


@given(st.text(st.characters(codec=None)))
def test_printable_text_is_plain_encodable_and_stays_as_it_is(text: str) -> None:
    plain = printable(text)
    assert is_plain(plain.replace("\t", ""))
    plain.encode()
    assert printable(plain) == plain


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"])))
def test_printable_text_of_ordinary_characters_is_the_same(text: str) -> None:
    assert printable(text) == text


def test_a_terminal_gets_our_own_colours_and_no_others() -> None:
    message = Text.assemble(("error:", "bold red"), " \x1b[31mred")
    output = written(lambda console: console.print(message), color=True)
    assert re.findall(r"\x1b\[[\d;]*m", output) == ["\x1b[1;31m", "\x1b[0m"]
    assert r"\x1b[31mred" in output


def test_progress_bars_show_hostile_names_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def show(console: PlainConsole) -> None:
        monkeypatch.setattr(parts, "errors", console)
        with ProgressBars() as bars:
            bars.update("[/b]\x1b[2J", 1, 2, "note\x07[red]")

    output = written(show, width=120)
    assert is_plain(output) and r"[/b]\x1b[2J" in output and r"note\x07[red]" in output


def test_the_live_line_counts_rejected_programs_and_infrastructure_failures_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = {"programs_rendered": 3, "programs": 9, "programs_spec_satisfied": 2, "solve_rate": 0.5}
    step |= {"proposals": 4, "proposals_valid": 4, "infrastructure_errors": 2}
    step |= {"rejected": {"program/error": 3, "program/resources": 1, "proposal/syntax": 7}}

    def show(console: PlainConsole) -> None:
        monkeypatch.setattr(parts, "errors", console)
        progress = SessionProgress()
        progress.stepped({**step, "step": 1}, 2)
        progress.stepped({**step, "step": 2}, 2)

    assert "6 pictures · 8 programs rejected · 4 infrastructure failures" in written(show)


@pytest.mark.parametrize("name", ["a[/b]", "[bold]a", "\x1b[2J", "\ud800", "a\nb"])
@pytest.mark.parametrize(
    "command",
    [["env", "show"], ["recipe", "show"], ["evolve"], ["eval"], ["draw"], ["report"], ["bench", "export", "--to", "x"]],
    ids=" ".join,
)
def test_hostile_arguments_are_an_error_and_no_traceback(zerosight: CommandLine, command: list[str], name: str) -> None:
    done = zerosight(*command, name)
    assert done.returncode == 2, done.stderr
    assert is_plain(done.stderr + done.stdout)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_program_says_is_shown_plainly(zerosight: CommandLine, tmp_path: Path, text: str) -> None:
    (tmp_path / "program.py").write_text(f"import matplotlib\nraise SystemError({text!a})\n")
    done = zerosight("draw", "program.py")
    assert done.returncode == 1, done.stderr
    assert is_plain(done.stdout + done.stderr)
    assert "SystemError: " in done.stdout and "Traceback" not in done.stderr


def test_install_hints_keep_their_extras(zerosight: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    done = zerosight("eval", "embedded")
    assert done.returncode == 2
    assert "pip install 'zerosight[train]'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["env", "sample", "shapes/Canvas-v1", "--n", "1", "--out"],
        ["draw", "picture.svg", "--out"],
        ["draw", "picture.svg", "--scene"],
        ["compare", "one", "two", "--out"],
    ],
    ids=lambda arguments: " ".join(arguments[:2] + arguments[-1:]),
)
@pytest.mark.parametrize(("path", "message"), [("no/where.x", "there is no folder no"), (".", ". is a folder")])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    zerosight: CommandLine, tmp_path: Path, arguments: list[str], path: str, message: str
) -> None:
    (tmp_path / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')
    done = zerosight(*arguments, path)
    assert done.returncode == 2
    assert message in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["picture.svg"]


def test_a_place_that_can_be_written_is_returned(tmp_path: Path) -> None:
    assert output_file(tmp_path / "page.html") == tmp_path / "page.html"


def test_a_missing_device_is_found_before_a_run_directory_is_made(zerosight: CommandLine, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("the device is here")
    done = zerosight("evolve", "--set", "device=cuda")
    assert done.returncode == 2 and "torch finds no CUDA device here" in done.stderr
    assert not list(tmp_path.iterdir())


TABLES = [
    ["env", "list", "--no-rates"],
    ["env", "show", "spatial/Rooms-v1"],
    ["bench", "list"],
    ["recipe", "list"],
    ["doctor"],
]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("command", TABLES, ids=" ".join)
def test_tables_can_be_read_at_this_width(
    zerosight: CommandLine, monkeypatch: pytest.MonkeyPatch, command: list[str], width: int
) -> None:
    monkeypatch.setattr(parts.console, "width", width)
    lines = zerosight(*command).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    # A heading's or a cell's column is wide enough for words: not a letter on each line.
    widths = [len(cell) for cell in next(line for line in lines if line.startswith("│")).strip("│").split("│")]
    assert all(cell >= 5 for cell in widths), widths
    names = {row[0] for row in rows}
    monkeypatch.setattr(parts.console, "width", 1000)
    whole = [line.strip("│").split("│")[0].strip() for line in zerosight(*command).stdout.splitlines() if "│" in line]
    if width >= 80:
        assert set(whole) <= names


def test_a_share_of_nothing_is_a_dash() -> None:
    nothing = {"accuracy": float("nan"), "low": 0.0, "high": 1.0}
    assert str(parts.share(nothing)) == parts.share_alone(None) == parts.points(float("nan")) == "–"
    assert str(parts.share({"accuracy": 0.5, "low": 0.25, "high": 0.75})) == "50.0% (25.0%–75.0%)"


def test_a_warning_meanwhile_is_printed_and_kept_for_who_looks_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(console: PlainConsole) -> None:
        monkeypatch.setattr(parts, "errors", console)
        with SessionProgress(StatusFile(tmp_path)) as progress:
            progress.phase("evolve")
            logging.getLogger("zerosight.train.stalls").warning("3 steps\nin a row taught nothing: \x1b[2J")

    assert r"warning: 3 steps in a row taught nothing: \x1b[2J" in written(show, width=120)
    assert [entry["text"] for entry in read_status(tmp_path)["warnings"]] == [
        "3 steps in a row taught nothing: \x1b[2J"
    ]
    assert not logging.getLogger("zerosight").handlers
