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
    """Return the packages that cannot be imported here."""
    return [package for name, package in NEEDED.items() if importlib.util.find_spec(name) is None]


def take(wheel_folder: Path, packages: Sequence[str], target_folder: Path) -> list[str]:
    """Install `packages` from `wheel_folder` into `target_folder`, one by one; return those that the folder lacks."""
    missing_packages = []
    for package in packages:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(wheel_folder),
                   "--target", str(target_folder), package]  # fmt: skip
        if subprocess.run(command, capture_output=True, check=False).returncode:
            missing_packages.append(package)
    sys.path.insert(0, str(target_folder))
    importlib.invalidate_caches()
    return missing_packages


def main(arguments: Sequence[str]) -> None:
    """Install what is missing, say which layers hold, and run the module that `arguments` begin with on the others."""
    module_arguments = list(arguments)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "zerosight").symlink_to(ROOT)
        sys.path.insert(0, folder)
        missing_packages = missing()
        if module_arguments[:1] == ["--wheels"]:
            missing_packages = take(Path(module_arguments[1]), missing_packages, Path(folder) / "packages")
            module_arguments = module_arguments[2:]
        if missing_packages:
            sys.exit(f"missing here: {', '.join(missing_packages)}; give their wheels with --wheels DIR")
        for finding in importlib.import_module("zerosight.cli.doctor").diagnose():
            sys.stderr.write(f"{'ok     ' if finding.ok else 'missing'} {finding.part}: {finding.detail}\n")
        module, sys.argv = (
            f"zerosight.benchmarks.gpu.{module_arguments[0]}",
            [module_arguments[0], *module_arguments[1:]],
        )
        runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
