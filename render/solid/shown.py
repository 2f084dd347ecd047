"""Windows, files and the scene that counts: what a trimesh program shows, saves or leaves.

Programs that were written to be run on their own show their scene or export it. No window opens and no file is
written; where a program leaves no variable `scene`, what it showed or exported last is its scene.

Begin with `scene_of`.
"""

import io
import os
from collections.abc import Callable, Mapping
from typing import Any

_outputs: list[Any] = []
"""Scenes and meshes that the program showed or exported, in a child of its own."""


def let_windows_and_files_be() -> None:
    """Let `show` open no window and `export` to a file write none, and text be read in every format."""
    import trimesh

    for shown_class in (trimesh.Scene, trimesh.Trimesh, trimesh.PointCloud, trimesh.path.Path2D, trimesh.path.Path3D):
        shown_class.show = lambda self, *args, **options: _outputs.append(self)
        if not hasattr(shown_class.export, "to_memory"):
            shown_class.export = _memory_export(shown_class.export)
    loaders = trimesh.exchange.load.mesh_loaders
    loaders["ply"] = _reading_text(loaders["ply"])


def _memory_export(export: Callable[..., Any]) -> Callable[..., Any]:
    """Return `export` without its writing of files; what it returns or writes to a buffer stays as it is."""

    def memory_export(self: Any, file_obj: Any = None, *args: Any, **options: Any) -> Any:
        if not isinstance(file_obj, str | os.PathLike):
            return export(self, file_obj, *args, **options)
        _outputs.append(self)
        return None

    memory_export.to_memory = True  # type: ignore[attr-defined]
    return memory_export


def _reading_text(load: Callable[..., Any]) -> Callable[..., Any]:
    """Return `load`, which reads bytes, so that it reads text as well."""

    def load_either(file_obj: Any, *args: Any, **options: Any) -> Any:
        is_text = isinstance(file_obj, io.TextIOBase)
        return load(io.BytesIO(file_obj.read().encode()) if is_text else file_obj, *args, **options)

    return load_either


def scene_of(namespace: Mapping[str, Any]) -> Any:
    """Return the scene that counts, or whatever else is called `scene`; None where nothing settles it.

    That is the variable `scene` in `namespace`; else the scene that was shown or exported last; else the only scene
    among the variables; else, as a scene, the mesh that was shown or exported last, or the only mesh.
    """
    import trimesh

    if "scene" in namespace:
        candidate = namespace["scene"]
        return trimesh.Scene(candidate) if isinstance(candidate, trimesh.Trimesh) else candidate
    for kind in (trimesh.Scene, trimesh.Trimesh):
        outputs = [output for output in _outputs if isinstance(output, kind)][-1:]
        variables = {id(value): value for value in namespace.values() if isinstance(value, kind)}
        candidates = outputs or list(variables.values())
        if candidates:
            return _as_scene(candidates[0]) if len(candidates) == 1 else None
    return None


def _as_scene(output: Any) -> Any:
    import trimesh

    return output if isinstance(output, trimesh.Scene) else trimesh.Scene(output)
