"""Parts of one's own: what `part new` writes is found, checked and used; reward terms also come from a file."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from zerosight.cli.part_checks import check_part
from zerosight.envs import PluginError, make
from zerosight.envs.parts import GROUPS, installed_parts
from zerosight.roles.terms import SOLVER
from zerosight.train.config import ConfigError, RunConfig, build
from zerosight.train.curriculum.variants import make_curriculum
from zerosight.train.learning.losses import policy_loss
from zerosight.train.recipes import all_recipes, find_recipe

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def install(zerosight: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], Path]]:
    """Write a part and install it as pip would, for this test: on the path, with its entry points beside it."""
    monkeypatch.setattr(SOLVER, "terms", dict(SOLVER.terms))

    def install_part(kind: str, name: str) -> Path:
        assert zerosight("part", "new", kind, name).returncode == 0
        source, module = tmp_path / name / "src", name.replace("-", "_")
        value = module if kind == "reward" else f"{module}:PART"
        info = source / f"{module}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUPS[kind]}]\n{name} = {value}\n")
        assert f'"{name}" = "{value}"' in (tmp_path / name / "pyproject.toml").read_text()
        monkeypatch.syspath_prepend(str(source))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return source / module / "__init__.py"

    yield install_part


@pytest.mark.parametrize("kind", GROUPS)
def test_what_is_written_keeps_its_promises(kind: str, install: Callable[[str, str], Path], zerosight: Run) -> None:
    install(kind, f"my-{kind}")
    checked = zerosight("part", "check", kind, f"my-{kind}")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"my-{kind}" in zerosight("part", "list").stdout


def test_installed_parts_are_used_by_their_names(install: Callable[[str, str], Path]) -> None:
    for kind, name in (("curriculum", "steep"), ("loss", "summed"), ("recipe", "edge-only")):
        install(kind, name)
    config = build({"curriculum": {"kind": "steep"}, "learning": {"loss": "summed"}})
    curriculum = make_curriculum(config.curriculum, [make("shapes/Canvas-v1")])
    assert type(curriculum).__name__ == "PART"
    assert RunConfig.model_validate(config.model_dump(mode="json")).curriculum.kind == "steep"
    logprobs, sequence = torch.full((2,), -1.0), torch.tensor([0, 0])
    assert policy_loss("summed", logprobs, logprobs, torch.ones(2), sequence).loss.item() == -2.0
    assert find_recipe("edge-only").config().rewards.proposer["learnability"] == 1.0
    assert "edge-only" in [recipe.name for recipe in all_recipes()]


def test_a_part_that_does_not_load_fails_its_check_with_the_reason(install: Callable[[str, str], Path]) -> None:
    install("recipe", "broken").write_text("raise OSError('no such disk')")
    (result,) = check_part("recipe", "broken")
    assert not result.holds
    assert "no such disk" in result.detail
    with pytest.raises(PluginError, match="does not load"):
        find_recipe("broken")


def test_a_part_of_another_kind_fails_its_check(install: Callable[[str, str], Path]) -> None:
    for kind in ("recipe", "loss", "curriculum", "benchmark"):
        install(kind, f"odd-{kind}").write_text("PART = 3")
        assert [result.holds for result in check_part(kind, f"odd-{kind}")] == [True, False]


def test_names_suggest_the_closest(install: Callable[[str, str], Path], zerosight: Run) -> None:
    install("curriculum", "steep")
    assert "did you mean 'steep'" in zerosight("part", "check", "curriculum", "steeep").stderr
    assert "did you mean 'recipe'" in zerosight("part", "new", "recipes", "x").stderr
    assert "no package name" in zerosight("part", "new", "recipe", "My Recipe").stderr


TERM_FILE = """
from zerosight.roles.terms import SOLVER


@SOLVER.term("brief_reply", "The reply is at most 4 characters long.")
def brief_reply(context):
    return float(len(context.reply.text) <= 4)
"""


def test_terms_of_a_file_are_weighed_by_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SOLVER, "terms", dict(SOLVER.terms))
    path = tmp_path / "my_terms.py"
    path.write_text(TERM_FILE)
    with pytest.raises(ConfigError, match="no reward term 'brief_reply'"):
        build({"rewards": {"solver": {"brief_reply": 0.3}}})
    config = build({"rewards": {"files": [str(path)], "solver": {"brief_reply": 0.3}}})
    assert config.rewards.of("solver")["brief_reply"] == 0.3
    assert config.rewards.of("solver")["correct"] == 1.0

    class Context:
        class reply:
            text = "3"

    assert SOLVER.terms["brief_reply"].compute(Context) == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"), [(None, "is not there"), ("1 / 0", "does not run"), ("def", "does not run")]
)
def test_a_file_that_is_no_file_of_terms_says_why(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "terms.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PluginError, match=message):
        build({"rewards": {"files": [str(path)]}})


def test_a_kind_is_known_by_its_name() -> None:
    with pytest.raises(PluginError, match="did you mean 'reward'"):
        installed_parts("rewards")
