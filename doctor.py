"""What `zerosight doctor` says: the parts that are here, those that are missing, and what brings them."""

import ctypes
import os
import platform
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

SEED = Path(__file__).parent / "train" / "embedded" / "model.safetensors"

_LANDLOCK_CREATE_RULESET = 444  # the same on every architecture
_LANDLOCK_VERSION_FLAG = 1
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
        _sandbox(),
        _package("peft", f"adapters for each role need it: {train}"),
        _cuda(),
        _package("vllm", "faster sampling on GPUs: pip install 'zerosight[vllm]'"),
        _package("trimesh", "3D scenes: pip install 'zerosight[spatial]'"),
        _package("open3d", f"3D scenes: pip install 'zerosight[spatial]'; apt-get install {_OPEN3D_NEEDS}"),
        _bubblewrap(),
        _landlock(),
        _seccomp(),
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


def _seed() -> Finding:
    if not SEED.is_file():
        return Finding("embedded model", False, True, f"no {SEED}; in a clone of the repository: make seed")
    return Finding("embedded model", True, True, f"{SEED.stat().st_size / 2**20:.1f} MiB in {SEED.parent}")


def _sandbox() -> Finding:
    if sys.platform != "linux":
        return Finding("sandbox", False, True, f"programs are contained on Linux only, not on {sys.platform}")
    level = "worker process: rlimits, no_new_privs, empty environment, wall clock"
    return Finding("sandbox", True, True, f"{level}; no namespaces, no system-call filter")


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


def _bubblewrap() -> Finding:
    path = shutil.which("bwrap")
    if path is None:
        return Finding("bubblewrap", False, False, "not used yet; apt-get install bubblewrap")
    return Finding("bubblewrap", True, False, f"{path} (not used yet)")


def _landlock() -> Finding:
    abi = landlock_abi()
    if abi < 1:
        return Finding("Landlock", False, False, "this kernel or container does not offer it (not used yet)")
    return Finding("Landlock", True, False, f"ABI {abi} (not used yet)")


def landlock_abi() -> int:
    """Landlock's ABI in this kernel; 0 where there is none or asking is forbidden."""
    if sys.platform != "linux":
        return 0
    try:
        syscall = ctypes.CDLL(None, use_errno=True).syscall
    except (OSError, AttributeError):
        return 0
    syscall.restype = ctypes.c_long
    number, flag = ctypes.c_long(_LANDLOCK_CREATE_RULESET), ctypes.c_uint(_LANDLOCK_VERSION_FLAG)
    found = syscall(number, None, ctypes.c_size_t(0), flag)
    return max(0, int(found))


def _seccomp() -> Finding:
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    status = Path("/proc/self/status")
    if actions.is_file() or (status.is_file() and "\nSeccomp:" in status.read_text()):
        return Finding("seccomp", True, False, "the kernel offers system-call filters (not used yet)")
    return Finding("seccomp", False, False, "this kernel offers no system-call filters (not used yet)")


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        memory = min(memory, int(text))
    detail = f"{cores} cores, {memory / _GIB:.1f} GiB memory, {platform.machine()}"
    return Finding("machine", True, False, detail)
