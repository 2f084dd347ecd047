"""Worlds from other people's packages: written by the scaffold, installed from wheels, checked and trained on."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

import zerosight
from zerosight.envs.scaffold import ScaffoldError, env_id_of, write_plugin

ROOT = Path(zerosight.__file__).resolve().parent
QUICK = ["steps=1", "rollout.num_briefings=1", "rollout.num_proposals=2", "rollout.num_programs=2",
         "evaluation.heldout_items=8",
         "evaluation.coding_briefings=2"]  # fmt: skip


@pytest.mark.parametrize("name", ["my world", "My-World", "-x", "x-", "1st", "", "a--b", "../x", "é"])
def test_name_that_is_no_package_is_refused_with_one_that_is(name: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match=r"try '([a-z][a-z0-9-]*)'") as caught:
        write_plugin(name, tmp_path)
    better = str(caught.value).split("try ")[1].strip("'")
    assert write_plugin(better, tmp_path / "other").is_dir()
    assert not [path for path in tmp_path.iterdir() if path.name != "other"]


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "my-world").mkdir()
    with pytest.raises(ScaffoldError, match="is there already"):
        write_plugin("my-world", tmp_path)
    assert list((tmp_path / "my-world").iterdir()) == []


class Clean:
    """A venv in which zerosight is a wheel, far from the source tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = str(folder / "bin" / "python")
        # What zerosight depends on is borrowed; an editable zerosight is not, as its .pth file is not read from here.
        own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
        (own / "borrowed.pth").write_text("\n".join(each for each in sys.path if each.endswith("site-packages")))

    def install(self, wheel: Path) -> None:
        command = ["pip", "--python", self.python, "install", "-q", "--no-deps", "--no-index", str(wheel)]
        subprocess.run([sys.executable, "-m", *command], check=True)

    def run(self, *arguments: str) -> str:
        code = "import sys; from zerosight.cli import main; main()"
        done = subprocess.run(
            [self.python, "-P", "-c", code, *arguments], capture_output=True, text=True, cwd=self.folder, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def built(source: Path, into: Path) -> Path:
    """The wheel of a package; the copy is made because setuptools writes beside its sources."""
    copy = into / "source" / source.name
    tracked = subprocess.run(
        ["git", "-C", str(source), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = [each for each in tracked.stdout.split("\0") if each and (source / each).is_file()]
    if tracked.returncode:
        names = [str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()]
    for name in names:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((source / name).read_bytes())
    out = into / "wheels" / source.name
    command = ["pip", "wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(out), str(copy)]
    subprocess.run([sys.executable, "-m", *command], check=True, env={**os.environ, "PIP_NO_CACHE_DIR": "1"})
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clean]:
    place = tmp_path_factory.mktemp("plugins")
    made = Clean(place / "venv")
    made.install(built(ROOT, place))
    made.install(built(ROOT / "examples" / "clocks", place))
    made.install(built(write_plugin("my-world", place), place))
    yield made


def test_installed_zerosight_is_the_wheel(clean: Clean) -> None:
    code = "import zerosight; print(zerosight.__file__)"
    found = subprocess.run(
        [clean.python, "-P", "-c", code], capture_output=True, text=True, cwd=clean.folder, check=True
    )
    assert found.stdout.startswith(str(clean.folder))


def test_plugins_are_listed(clean: Clean) -> None:
    listed = json.loads(clean.run("env", "list", "--no-rates", "--json"))
    assert {"clocks/Clock-v1", "my/World-v1"} <= {each["id"] for each in listed}


@pytest.mark.parametrize("env_id", ["clocks/Clock-v1", "my/World-v1"])
def test_plugin_keeps_the_contract(clean: Clean, env_id: str) -> None:
    results = json.loads(clean.run("env", "check", env_id, "--n", "6", "--json"))
    assert all(result["holds"] for result in results) and len(results) >= 16


def test_plugin_shows_its_items(clean: Clean) -> None:
    clean.run("env", "sample", "clocks/Clock-v1", "--n", "4", "--out", "page.html")
    page = (clean.folder / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 4


@pytest.mark.slow
def test_model_trains_on_a_plugin(clean: Clean) -> None:
    settings = [word for each in ("envs=[my/World-v1]", *QUICK) for word in ("--set", each)]
    clean.run("evolve", "--out", "run", *settings)
    entries = [json.loads(line) for line in (clean.folder / "run" / "metrics.jsonl").read_text().splitlines()]
    assert entries and entries[-1]["step"] == 1 and entries[-1]["items"] > 0


def test_id_follows_from_the_name() -> None:
    assert env_id_of("my-world") == "my/World-v1"
