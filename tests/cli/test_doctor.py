import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from zerosight.cli import doctor
from zerosight.cli.doctor import Finding, diagnose
from zerosight.render.sandbox.layers import LAYERS


def found(part: str) -> Finding:
    return next(finding for finding in diagnose() if finding.part == part)


def test_diagnose_names_each_part_once() -> None:
    parts = [finding.part for finding in diagnose()]
    assert len(set(parts)) == len(parts)
    assert {"python", "libcairo2", "torch", "transformers", "embedded model"} <= set(parts)
    assert {f"sandbox: {layer}" for layer in LAYERS} <= set(parts)


def test_diagnose_findings_are_json_with_a_detail() -> None:
    for finding in diagnose():
        assert finding.detail
        assert json.loads(json.dumps(finding._asdict())) == finding._asdict()


def test_diagnose_here_has_what_pictures_need() -> None:
    for part in ("python", "libcairo2", "sandbox: limits"):
        assert found(part).ok, found(part)


def test_diagnose_optional_parts_are_not_needed() -> None:
    for part in ("peft", "CUDA", "vllm", "trimesh", "open3d", "sandbox: namespaces", "sandbox: landlock", "machine"):
        assert not found(part).needed


def test_diagnose_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", absent)
    assert found("torch") == Finding("torch", False, True, "pip install 'zerosight[train]'")
    assert "zerosight[spatial]" in found("open3d").detail and "libgl1" in found("open3d").detail


def test_diagnose_missing_seed_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "SEED", tmp_path / "model.safetensors")
    seed = found("embedded model")
    assert not seed.ok and seed.needed and seed.detail.endswith("make seed")


def test_diagnose_missing_cairo_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cairocffi", None)
    assert not found("libcairo2").ok


def test_diagnose_imports_nothing_large() -> None:
    code = (
        "import sys; from zerosight.cli.doctor import diagnose; diagnose();"
        "print(*sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
