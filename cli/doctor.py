"""What `zerosight doctor` says: the parts that are here, those that are missing, and what brings them."""

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

SEED = Path(__file__).parent.parent / "train" / "embedded" / "model.safetensors"

_GIB = 2.0**30
_OPEN3D_NEEDS = "libgl1 libegl1 libusb-1.0-0 libgomp1"


class Finding(NamedTuple):
    """What was found of one part."""

    part: str
    ok: bool
    needed: bool
    """Whether `zerosight evolve` cannot work without it."""
    detail: str
    """The version or state; of a missing part, what brings it."""


def diagnose() -> list[Finding]:
    """All parts, the needed ones first; nothing large is imported."""
    train = "pip install 'zerosight[train]'"
    return [
        _python(),
        _cairo(),
        _package("torch", train, needed=True),
        _package("transformers", train, needed=True),
        _seed(),
        *_sandbox(),
        _package("peft", f"adapters for each role need it: {train}"),
        _cuda(),
        _package("vllm", "faster sampling on GPUs: pip install 'zerosight[vllm]'"),
        _package("trimesh", "3D scenes: pip install 'zerosight[spatial]'"),
        _open3d(),
        _machine(),
    ]


def _python() -> Finding:
    recent = sys.version_info >= (3, 11)
    return Finding("python", recent, True, f"{platform.python_version()} (3.11 or newer is needed)")


def _cairo() -> Finding:
    try:
        # The import itself loads the shared library.
        import cairocffi
    except OSError:
        return Finding("libcairo2", False, True, "it draws the pictures: apt-get install libcairo2")
    except ImportError as error:
        return Finding("libcairo2", False, True, f"{error}; pip install zerosight brings it")
    return Finding("libcairo2", True, True, cairocffi.cairo_version_string())


def _package(name: str, how: str, needed: bool = False) -> Finding:
    try:
        return Finding(name, True, needed, version(name))
    except PackageNotFoundError:
        return Finding(name, False, needed, how)


def _open3d() -> Finding:
    how = f"3D scenes: pip install 'zerosight[spatial]'; apt-get install {_OPEN3D_NEEDS}"
    # The same package without CUDA goes by another name.
    for name in ("open3d-cpu", "open3d"):
        found = _package(name, how)
        if found.ok:
            break
    return found._replace(part="open3d")


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
    built = _torch_cuda()
    if built is None:
        return Finding("CUDA", False, False, "a driver is here, but torch is missing or built without CUDA")
    return Finding("CUDA", True, False, f"torch is built for CUDA {built}, and a driver is here")


def _torch_cuda() -> str | None:
    """The CUDA version that torch is built for, read from its files because importing it takes seconds."""
    spec = find_spec("torch")
    file = Path(spec.origin).with_name("version.py") if spec is not None and spec.origin else None
    if file is None or not file.is_file():
        return None
    found = re.search(r"^cuda\b[^=]*=\s*['\"]([\d.]+)['\"]", file.read_text(), re.MULTILINE)
    return found[1] if found else None


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        memory = min(memory, int(text))
    detail = f"{cores} cores, {memory / _GIB:.1f} GiB memory, {platform.machine()}"
    return Finding("machine", True, False, detail)
