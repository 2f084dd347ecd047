"""Advice for programs that are written for another modeller than trimesh: what to write instead.

Begin with `hint`.
"""

import re

_MODULES = {
    "cadquery": "cq.Workplane().box(a, b, c) is trimesh.creation.box([a, b, c]); .cut(other) is mesh.difference(other),"
    " .union(other) mesh.union(other), .translate(v) mesh.apply_translation(v)",
    "build123d": "Box(a, b, c) is trimesh.creation.box([a, b, c]); a - b is a.difference(b), a + b is a.union(b)",
    "bpy": "bpy.ops.mesh.primitive_cube_add(size=2, location=p) is trimesh.creation.box([2, 2, 2]) and"
    " mesh.apply_translation(p); a material's colour is mesh.visual.face_colors = [200, 40, 40, 255]",
    "solid": "cube([a, b, c]) is trimesh.creation.box([a, b, c]); a - b is a.difference(b)",
    "open3d": "TriangleMesh.create_box(a, b, c) is trimesh.creation.box([a, b, c]), create_sphere(r)"
    " trimesh.creation.icosphere(radius=r); paint_uniform_color is mesh.visual.face_colors = [200, 40, 40, 255]",
    "pyvista": "pv.Sphere(r) is trimesh.creation.icosphere(radius=r), pv.Cube() trimesh.creation.box([1, 1, 1]);"
    " plotter.add_mesh(mesh) is scene.add_geometry(mesh, node_name='red box')",
    "vtk": "vtkSphereSource is trimesh.creation.icosphere(radius=r), vtkCubeSource trimesh.creation.box([a, b, c])",
    "vpython": "box(pos=p, size=s) is trimesh.creation.box(s) and mesh.apply_translation(p)",
    "pyrender": "pyrender.Scene() is trimesh.Scene(); a camera is cameras = [{'eye': [4, -4, 3], 'target': [0, 0, 0]}]",
    "stl": "mesh.Mesh(...) is trimesh.Trimesh(vertices, faces)",
    "manifold3d": "use the booleans of trimesh: mesh.difference(other), mesh.union(other), mesh.intersection(other)",
}
"""For other modellers, by the name of their module, what their calls are in trimesh."""
_MODULES["OCC"] = _MODULES["FreeCAD"] = _MODULES["Part"] = _MODULES["cq"] = _MODULES["cadquery"]
_MODULES["openpyscad"] = _MODULES["solid2"] = _MODULES["solid"]
_MODULES["bmesh"] = _MODULES["mathutils"] = _MODULES["bpy"]

_OPENSCAD_STATEMENT = re.compile(
    r"^\s*(?:(?:difference|union|intersection|hull|minkowski|translate|rotate|scale|color|mirror|linear_extrude"
    r"|rotate_extrude|cube|sphere|cylinder|polyhedron)\s*\(|module\s+\w+\s*\(|\$fn\s*=)",
    re.MULTILINE,
)
_OPENSCAD_SIGN = re.compile(r"[{;]\s*(?://.*)?$|\$f[nas]\b", re.MULTILINE)
_OPENSCAD = (
    "write Python, not OpenSCAD: cube([a, b, c], center=true) is trimesh.creation.box([a, b, c]), cylinder(h, r)"
    " trimesh.creation.cylinder(radius=r, height=h), sphere(r) trimesh.creation.icosphere(radius=r); difference() {"
    " a b } is a.difference(b), translate(v) a a.apply_translation(v), rotate([0, 0, d])"
    " a.apply_transform(trimesh.transformations.rotation_matrix(np.radians(d), [0, 0, 1]))"
)
_FILES = "write the mesh into the program: trimesh.load(io.StringIO(text), file_type='obj'), or 'stl', 'ply', 'off'"


def hint(error: BaseException, program: str) -> str | None:
    """Return what to write in trimesh in place of what `error` says `program` asked for, or None."""
    if isinstance(error, ModuleNotFoundError):
        name = str(error.name).partition(".")[0]
        return f"use trimesh: {_MODULES[name]}" if name in _MODULES else "use trimesh, numpy, scipy or shapely"
    if isinstance(error, SyntaxError | NameError) and is_openscad(program):
        return _OPENSCAD
    if re.search(r"trimesh\.load\w*\(\s*['\"]", program):
        return _FILES
    return None


def is_openscad(program: str) -> bool:
    """Tell whether a `program` that is not Python is OpenSCAD: a statement of it, and its braces or semicolons."""
    return bool(_OPENSCAD_STATEMENT.search(program) and _OPENSCAD_SIGN.search(program))


def other_modeller(program: str) -> str | None:
    """Return the advice for a `program` that ran and left no scene, where it imports a modeller that is installed."""
    name = re.search(r"^\s*(?:import|from)\s+(open3d|manifold3d)\b", program, re.MULTILINE)
    return f"use trimesh: {_MODULES[name[1]]}" if name else None
