"""Runs a benchmark where nothing of ours is installed: `python benchmarks/gpu/bootstrap.py step --size 3b`.

With `--wheels DIR` first, what is missing is installed from that folder into a temporary one, without a network. It
says which layers of the sandbox the machine offers, then hands over. It needs Python and pip alone.
"""

import importlib
import importlib.util
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = {
    "cairocffi": "cairocffi",
    "cairosvg": "cairosvg",
    "fontTools": "fonttools",
    "jinja2": "jinja2",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "PIL": "pillow",
    "pydantic": "pydantic",
    "pyseccomp": "pyseccomp",
    "yaml": "pyyaml",
    "rich": "rich",
    "shapely": "shapely",
    "typer": "typer",
    "torch": "torch",
    "pyarrow": "pyarrow",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
    "safetensors": "safetensors",
    "peft": "peft",
    "accelerate": "accelerate",
    "num2words": "num2words",
    "trimesh": "trimesh",
    "scipy": "scipy",
    "networkx": "networkx",
}
"""Packages by the name under which they are imported."""


def missing() -> list[str]:
    """What cannot be imported here."""
    return [package for name, package in NEEDED.items() if importlib.util.find_spec(name) is None]


def take(wheels: Path, packages: Sequence[str], into: Path) -> list[str]:
    """Install packages from a folder of wheels, one by one; returns those that are not in it."""
    lost = []
    for package in packages:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(wheels),
                   "--target", str(into), package]  # fmt: skip
        if subprocess.run(command, capture_output=True, check=False).returncode:
            lost.append(package)
    sys.path.insert(0, str(into))
    importlib.invalidate_caches()
    return lost


def main(arguments: Sequence[str]) -> None:
    """Prepare, say what holds, and run the module with its own options."""
    rest = list(arguments)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "zerosight").symlink_to(ROOT)
        sys.path.insert(0, folder)
        lost = missing()
        if rest[:1] == ["--wheels"]:
            lost = take(Path(rest[1]), lost, Path(folder) / "packages")
            rest = rest[2:]
        if lost:
            sys.exit(f"missing here: {', '.join(lost)}; give their wheels with --wheels DIR")
        for finding in importlib.import_module("zerosight.cli.doctor").diagnose():
            sys.stderr.write(f"{'ok     ' if finding.ok else 'missing'} {finding.part}: {finding.detail}\n")
        module, sys.argv = f"zerosight.benchmarks.gpu.{rest[0]}", [rest[0], *rest[1:]]
        runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
