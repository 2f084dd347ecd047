"""Checkpoints as vLLM reads them.

transformers 5 writes a LLaVA whose tower is CLIP's or SigLIP's with weights `vision_tower.encoder…`; vLLM 0.32 reads
`vision_tower.vision_model.encoder…`, the names of checkpoints on the Hub (measured; its error says "There is no module
or parameter named 'vision_tower.embeddings'"). Others are read as they are.
"""

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

_TOWER = "vision_tower."
_HUB_TOWER = "vision_tower.vision_model."


def renamed(name: str) -> str:
    """Return the name under which vLLM 0.32 knows a LLaVA's weight of this `name`."""
    if name.startswith(_TOWER) and not name.startswith(_HUB_TOWER):
        return _HUB_TOWER + name.removeprefix(_TOWER)
    return name


def engine_checkpoint(model: str | Path, work_folder: Path) -> Path | str:
    """Return the `model`'s folder or id as vLLM can load it: itself, or a copy in `work_folder` with other names.

    Raises:
        ValueError: the folder has no readable config.json.
    """
    folder = Path(model)
    if not folder.is_dir():
        return str(model)
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"no model in {folder}: config.json cannot be read ({error})") from error
    tower_type = (config.get("vision_config") or {}).get("model_type")
    if config.get("model_type") != "llava" or tower_type not in ("clip_vision_model", "siglip_vision_model"):
        return folder
    files = sorted(folder.glob("*.safetensors"))
    file_tensors = {path.name: load_file(path) for path in files}
    if all(renamed(name) == name for tensors in file_tensors.values() for name in tensors):
        return folder
    shutil.rmtree(work_folder, ignore_errors=True)
    shutil.copytree(folder, work_folder, ignore=shutil.ignore_patterns("*.safetensors"))
    for name, tensors in file_tensors.items():
        save_file({renamed(key): value for key, value in tensors.items()}, work_folder / name, {"format": "pt"})
    _rename_index(work_folder / "model.safetensors.index.json")
    return work_folder


def _rename_index(path: Path) -> None:
    """Rename the weights in the index at `path`, of a checkpoint of several files."""
    if path.is_file():
        index = json.loads(path.read_text())
        index["weight_map"] = {renamed(name): file for name, file in index["weight_map"].items()}
        path.write_text(json.dumps(index))
