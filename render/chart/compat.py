"""Keep API that matplotlib 3.5 to 3.10 and numpy 1 had and later ones dropped: published programs use it.

Runs once in the worker, before the first program. What the installed libraries have stays as it is.
"""

import functools
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

_KEYWORDS: Mapping[str, Mapping[str, str | None]] = {
    "boxplot": {"labels": "tick_labels"},
    "hist": {"normed": "density"},
    "hist2d": {"normed": "density"},
    "grid": {"b": "visible"},
    "stem": {"use_line_collection": None},
}
"""For each method of axes, which also is a function of pyplot, the keywords that were renamed or (None) dropped."""
_TURNED = ("boxplot", "violinplot", "bxp", "violin")
"""Methods whose `vert` has become `orientation`."""
_NUMPY_NAMES = {
    "float": float, "int": int, "object": object, "str": str, "complex": complex, "float_": "float64",
    "int_": "int64", "complex_": "complex128", "NaN": "nan", "NAN": "nan", "Inf": "inf", "infty": "inf",
    "product": "prod", "cumproduct": "cumprod", "alltrue": "all", "sometrue": "any", "trapz": "trapezoid",
    "in1d": "isin", "row_stack": "vstack", "round_": "round", "asfarray": "asarray",
}  # fmt: skip
"""Names that numpy dropped, and what they stood for: a type, or another name of numpy's."""


def keep_older_api() -> None:
    """Give matplotlib and numpy back what programs for older ones use."""
    _keep_keywords()
    _keep_colour_maps()
    _keep_styles()
    _keep_axes()
    _keep_attributes()
    _keep_numpy()
    _replace_triangulation()


def _keep_keywords() -> None:
    from matplotlib import pyplot
    from matplotlib.axes import Axes

    for name in {*_KEYWORDS, *_TURNED}:
        for owner in (Axes, pyplot):
            if hasattr(owner, name):
                setattr(owner, name, _translating(getattr(owner, name), _KEYWORDS.get(name, {}), name in _TURNED))


def _translating(
    function: Callable[..., Any], new_names: Mapping[str, str | None], is_turned: bool
) -> Callable[..., Any]:
    """Return `function` with older keywords: `new_names` of them, and `vert` if it `is_turned`."""

    @functools.wraps(function)
    def translated(*args: Any, **options: Any) -> Any:
        for old_name in set(options) & set(new_names):
            value = options.pop(old_name)
            if (new_name := new_names[old_name]) is not None:
                options[new_name] = value
        if is_turned and isinstance(options.get("vert"), bool | int):
            options["orientation"] = "vertical" if options.pop("vert") else "horizontal"
        return function(*args, **options)

    return translated


def _keep_colour_maps() -> None:
    import matplotlib
    from matplotlib import cm, colormaps, pyplot

    def get_cmap(name: Any = None, lut: int | None = None) -> Any:
        chosen_map = colormaps[name or matplotlib.rcParams["image.cmap"]] if not hasattr(name, "resampled") else name
        return chosen_map if lut is None else chosen_map.resampled(lut)

    def register_cmap(name: str | None = None, cmap: Any = None, *, override_builtin: bool = False) -> None:
        colormaps.register(cmap, name=name, force=override_builtin)

    for owner in (cm, pyplot):
        for function in (get_cmap, register_cmap):
            if not hasattr(owner, function.__name__):
                setattr(owner, function.__name__, function)


def _keep_styles() -> None:
    from matplotlib import style

    for name in list(style.library):
        if name.startswith("seaborn-v0_8"):
            style.library.setdefault("seaborn" + name.removeprefix("seaborn-v0_8"), style.library[name])


def _keep_axes() -> None:
    """Keep axes that are made by `gca(projection=...)` or `Axes3D(figure)`, and the axes that a colour bar takes."""
    from matplotlib import pyplot
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase
    from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]

    current_axes, make_colour_bar, make_3d_axes = FigureBase.gca, FigureBase.colorbar, Axes3D.__init__

    def gca(self: Any, **options: Any) -> Any:
        return self.add_subplot(**options) if options else current_axes(self)

    def colorbar(self: Any, mappable: Any, cax: Any = None, ax: Any = None, **options: Any) -> Any:
        if cax is None and ax is None and getattr(mappable, "axes", None) is None:
            ax = self.gca()
        return make_colour_bar(self, mappable, cax, ax, **options)

    def init_3d(self: Any, fig: Any, *args: Any, auto_add_to_figure: bool = True, **options: Any) -> None:
        make_3d_axes(self, fig, *args, **options)
        # `add_subplot` makes the axes itself and adds them afterwards; a program's own call has no subplot.
        if auto_add_to_figure and self.get_subplotspec() is None and (not args or not _is_subplot(args[0])):
            fig.add_axes(self)

    def plot_date(self: Any, x: Any, y: Any, fmt: str = "o", tz: Any = None, **options: Any) -> Any:
        is_date_x, is_date_y = options.pop("xdate", True), options.pop("ydate", False)
        if is_date_x:
            self.xaxis_date(tz)
        if is_date_y:
            self.yaxis_date(tz)
        return self.plot(x, y, fmt, **options)

    replacements: list[tuple[Any, str, Callable[..., Any]]] = [
        (FigureBase, "gca", gca),
        (FigureBase, "colorbar", colorbar),
        (Axes3D, "__init__", init_3d),
        (pyplot, "gca", lambda **options: pyplot.gcf().gca(**options)),
    ]
    if not hasattr(Axes, "plot_date"):
        replacements.append((Axes, "plot_date", plot_date))
        replacements.append((pyplot, "plot_date", lambda *args, **options: plot_date(pyplot.gca(), *args, **options)))
    for owner, name, function in replacements:
        setattr(owner, name, function)


def _is_subplot(argument: Any) -> bool:
    from matplotlib.gridspec import SubplotSpec

    return isinstance(argument, SubplotSpec | int) or (isinstance(argument, tuple) and len(argument) == 3)


def _keep_attributes() -> None:
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.contour import ContourSet
    from matplotlib.legend import Legend
    from mpl_toolkits.mplot3d import Axes3D

    attributes: list[tuple[type, str, Any]] = [
        (Legend, "legendHandles", property(attrgetter("legend_handles"))),
        (ContourSet, "collections", property(lambda self: [self])),
        (FigureCanvasBase, "set_window_title", lambda self, title: None),
        *((Axes3D, f"w_{name}axis", property(attrgetter(f"{name}axis"))) for name in "xyz"),
    ]
    for owner, name, value in attributes:
        if not hasattr(owner, name):
            setattr(owner, name, value)


def _keep_numpy() -> None:
    import numpy as np

    for old_name, meaning in _NUMPY_NAMES.items():
        if old_name not in vars(np):
            setattr(np, old_name, getattr(np, meaning) if isinstance(meaning, str) else meaning)


def _replace_triangulation() -> None:
    """Triangulate points with shapely: matplotlib's qhull opens a file to write, which the sandbox refuses."""
    from matplotlib import _qhull

    setattr(_qhull, "delaunay", _delaunay)  # noqa: B010 - the module is untyped


def _delaunay(x: Any, y: Any, verbose: int = 0) -> tuple[Any, Any]:
    """Return the triangles of the points at `x`, `y` and their neighbours, both [n, 3] int32, as qhull does."""
    import numpy as np
    import shapely

    points = np.column_stack([x, y])
    mesh = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(points)))
    if not len(mesh):
        raise RuntimeError("the points lie on one line")
    numbers = {point: number for number, point in enumerate(map(tuple, points.tolist()))}
    # Rings are closed, and run clockwise unless they are turned.
    rings = shapely.get_coordinates(shapely.orient_polygons(mesh)).reshape(-1, 4, 2)[:, :3].tolist()
    triangles = [[numbers[tuple(point)] for point in ring] for ring in rings]
    owner_of_edge = {
        (ring[side], ring[(side + 1) % 3]): number for number, ring in enumerate(triangles) for side in range(3)
    }
    neighbours = [
        [owner_of_edge.get((ring[(side + 1) % 3], ring[side]), -1) for side in range(3)] for ring in triangles
    ]
    return np.array(triangles, np.int32), np.array(neighbours, np.int32)
