"""What every test shares: the environment, a seed of the day, quick and repeatable hypothesis."""

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from zerosight.envs import Environment, make

# No deadline: the machine may be busy. Derandomised: a red test is red again.
# `pytest --hypothesis-profile=search` looks further.
settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=150)
settings.register_profile(
    "search", deadline=None, max_examples=3_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=20)
settings.load_profile("repeatable")

BEYOND_THE_FAST_LANE = {
    "processes": (
        "benchmarks/test_gpu benchmarks/test_rendering benchmarks/test_reading benchmarks/test_training "
        "cli/test_console cli/test_doctor cli/test_evaluate "
        "envs/test_plugins render/test_drawn_pool render/test_endurance render/test_pool render/test_retry "
        "render/test_outcome_cache "
        "render/sandbox/test_blame render/sandbox/test_claims render/sandbox/test_killed "
        "render/sandbox/test_layers_proved render/sandbox/test_neighbours render/sandbox/test_paths "
        "render/sandbox/test_same_picture render/chart/test_artists render/chart/test_programs "
        "render/test_sandbox render/test_edit render/test_solid render/chart/test_figure_lies render/test_svg_attacks "
        "render/test_edit_corpus render/test_solid_corpus render/chart/test_corpus "
        "train/test_guards train/test_processes train/test_resume train/test_run_lock train/test_sharding"
        " train/test_transport train/test_vllm_server_faults with_vllm/*"
    ),
    "models": (
        "benchmarks/test_models benchmarks/test_pretrained cli/test_commands cli/test_misuse train/test_algorithms "
        "train/test_architectures train/test_episodes "
        "train/test_export train/test_generator train/test_generators train/test_heldout train/test_influence "
        "train/test_learner train/test_learner_losses train/test_losses_trl train/test_model train/test_policy "
        "train/test_recipes train/test_schedules train/test_several_pictures train/test_trackers train/test_warmup "
        "test_documents train/test_schema_decoding train/test_limits train/test_plan train/test_suppressed "
        "cli/test_parts cli/test_data_commands train/test_effects"
    ),
    "slow": "benchmarks/test_text_growth render/test_decode render/test_svg_growth",
    "statistics": (
        "benchmarks/test_bridges benchmarks/test_evidence benchmarks/test_own_suites benchmarks/test_worlds "
        "envs/test_canvas envs/test_canvas_v2 envs/test_chart envs/test_contract envs/test_diagrams "
        "envs/test_edit_world envs/test_room_words envs/test_rooms_kit envs/test_rooms_layout envs/test_rooms_scanned "
        "envs/test_card envs/test_execute envs/test_needs envs/test_rooms_v2 roles/test_full_prompts "
        "envs/test_rooms_world envs/test_scans geometry/test_surfaces render/chart/test_charts render/test_solid_draw"
    ),
}
"""Test modules that `make test-fast` leaves out, by why: they start workers, servers or runs; they load and train a
model; they draw many items to count on them; they are `slow` as a whole, such as those of growth. A single slow test
elsewhere is marked `slow`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-programs", action="store_true", help="run whole corpora of programs, not one in five")


def chosen_entries(entries: list[Any], config: pytest.Config) -> list[Any]:
    """The entries of a corpus that are run: one in five, or all where it is asked for."""
    return entries if config.getoption("--all-programs") else entries[::5]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test of a `corpus_entry` those of its module's `ENTRIES` that are run."""
    if "corpus_entry" in metafunc.fixturenames:
        chosen = chosen_entries(metafunc.module.ENTRIES, metafunc.config)
        metafunc.parametrize("corpus_entry", chosen, ids=lambda entry: entry["name"])


@pytest.fixture(scope="module")
def corpus_entries(request: pytest.FixtureRequest) -> list[Any]:
    return chosen_entries(request.module.ENTRIES, request.config)


def pytest_configure(config: pytest.Config) -> None:
    """Give the fast lane fewer examples of each property."""
    if "not statistics" in config.option.markexpr:
        settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with why the fast lane leaves it out."""
    reasons = {pattern: reason for reason, patterns in BEYOND_THE_FAST_LANE.items() for pattern in patterns.split()}
    for item in items:
        name = item.path.relative_to(Path(__file__).parent).with_suffix("").as_posix()
        reason = reasons.get(name) or reasons.get(f"{item.path.parent.name}/*")
        if reason is not None:
            item.add_marker(getattr(pytest.mark, reason))


@pytest.fixture(scope="session")
def env() -> Environment:
    return make("shapes/Canvas-v1")


@pytest.fixture(scope="session")
def fresh_seed() -> int:
    """A seed that no run had before; printed, so that a failure can be repeated."""
    seed = secrets.randbelow(2**31)
    print(f"\nfresh seed: {seed}")  # noqa: T201
    return seed


@pytest.fixture
def zerosight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """The command line in an empty folder, in this process: to load what models need takes seconds in each new one."""
    # Loaded here, so that tests of the lower layers begin without it.
    import torch

    from zerosight.cli.app import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["zerosight", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    yield run
    # The command line flushes denormal floats to 0 for the whole process, which other tests must not inherit.
    torch.set_flush_denormal(False)
