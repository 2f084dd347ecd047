"""Findings of `zerosight doctor`: the parts that are here, those that are missing, and how to get them."""

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import typer
from rich.table import Column
from rich.text import Text

from .console import Json, console, print_json, table_of

SEED = Path(__file__).parent.parent / "train" / "embedded" / "model.safetensors"

_GIB = 2.0**30
_OPEN3D_NEEDS = "libgl1 libegl1 libusb-1.0-0 libgomp1"


class Finding(NamedTuple):
    """The state of one part, and how to mend it."""

    part: str
    ok: bool
    needed: bool
    """Whether `zerosight evolve` cannot work without it."""
    detail: str
    """The version or state; of a missing part, what brings it."""


def doctor(as_json: Json = False) -> None:
    """List what is installed, what is missing and how to get it, and how drawing programs are contained here."""
    findings = diagnose()
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        table = table_of(Column("part", no_wrap=True), Column("state", no_wrap=True), "detail")
        for finding in findings:
            state = Text("ok", "green") if finding.ok else Text("missing", "yellow")
            table.add_row(finding.part, state, finding.detail)
        console.print(table)
    if not all(finding.ok for finding in findings if finding.needed):
        raise typer.Exit(1)


def diagnose() -> list[Finding]:
    """List all parts, the needed ones first; nothing large is imported."""
    train_command = "pip install 'zerosight[train]'"
    return [
        _python(),
        _cairo(),
        _package("torch", train_command, needed=True),
        _package("transformers", train_command, needed=True),
        _seed(),
        *_sandbox(),
        _package("peft", f"adapters for each role need it: {train_command}"),
        _cuda(),
        _package("vllm", "faster sampling on GPUs: pip install 'zerosight[vllm]'"),
        _package("trimesh", "3D scenes: pip install 'zerosight[spatial]'"),
        _open3d(),
        _machine(),
    ]


def _python() -> Finding:
    is_recent = sys.version_info >= (3, 11)
    return Finding("python", is_recent, True, f"{platform.python_version()} (3.11 or newer is needed)")


def _cairo() -> Finding:
    try:
        # The import itself loads the shared library.
        import cairocffi
    except OSError:
        return Finding("libcairo2", False, True, "it draws the pictures: apt-get install libcairo2")
    except ImportError as error:
        return Finding("libcairo2", False, True, f"{error}; pip install zerosight brings it")
    return Finding("libcairo2", True, True, cairocffi.cairo_version_string())


def _package(name: str, how_to_get: str, needed: bool = False) -> Finding:
    try:
        return Finding(name, True, needed, version(name))
    except PackageNotFoundError:
        return Finding(name, False, needed, how_to_get)


def _open3d() -> Finding:
    how_to_get = f"3D scenes: pip install 'zerosight[spatial]'; apt-get install {_OPEN3D_NEEDS}"
    # The same package without CUDA goes by another name.
    for name in ("open3d-cpu", "open3d"):
        finding = _package(name, how_to_get)
        if finding.ok:
            break
    return finding._replace(part="open3d")


def _seed() -> Finding:
    if not SEED.is_file():
        return Finding("embedded model", False, True, f"no {SEED}; in a clone of the repository: make seed")
    return Finding("embedded model", True, True, f"{SEED.stat().st_size / 2**20:.1f} MiB in {SEED.parent}")


def _sandbox() -> list[Finding]:
    try:
        from ..render.sandbox.layers import layers
    except (ImportError, OSError) as error:
        return [Finding("sandbox", False, True, f"cannot be tried before the parts above are here ({error})")]
    return [Finding(f"sandbox: {layer.name}", layer.holds, layer.name == "limits", layer.detail) for layer in layers()]


def _cuda() -> Finding:
    if not Path("/proc/driver/nvidia/version").exists():
        return Finding("CUDA", False, False, "no NVIDIA driver; the embedded model runs on the CPU")
    cuda_version = _torch_cuda()
    if cuda_version is None:
        return Finding("CUDA", False, False, "a driver is here, but torch is missing or built without CUDA")
    return Finding("CUDA", True, False, f"torch is built for CUDA {cuda_version}, and a driver is here")


def _torch_cuda() -> str | None:
    """Return the CUDA version that torch is built for, read from its files: importing it takes seconds."""
    spec = find_spec("torch")
    version_file = Path(spec.origin).with_name("version.py") if spec is not None and spec.origin else None
    if version_file is None or not version_file.is_file():
        return None
    version_match = re.search(r"^cuda\b[^=]*=\s*['\"]([\d.]+)['\"]", version_file.read_text(), re.MULTILINE)
    return version_match[1] if version_match else None


def _machine() -> Finding:
    core_count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit_file = Path("/sys/fs/cgroup/memory.max")
    if limit_file.is_file() and (text := limit_file.read_text().strip()).isdigit():
        memory_bytes = min(memory_bytes, int(text))
    detail = f"{core_count} cores, {memory_bytes / _GIB:.1f} GiB memory, {platform.machine()}"
    return Finding("machine", True, False, detail)
