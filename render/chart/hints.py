"""Say what kind of artist draws each group of a figure, in the process of the program that draws it.

matplotlib's groups are called `patch` or `line2d`, whether they are a bar, a span or the box of a text. Before a
figure is recorded, each artist gets a hint in place of its `gid`, which the recorder writes down with the group. A
hint is the program's claim like all else: the reader chooses by it among readings that the geometry allows, or says
that the thing is not read. `docs/matplotlib.md` has the whole table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PARTS = ("_bbox_patch", "arrow_patch", "patch", "legendPatch", "rectangle")
"""Attributes by which artists hold others that are not among their children."""
_CELL_BY_CELL = ("nearest", "auto", "antialiased")
"""Interpolations of images that show each cell as it is, or as good as."""


@contextmanager
def hinted(figure: Any) -> Iterator[None]:
    """Give each artist of `figure` its hint, and give back what it had at the end."""
    saved_ids, saved_images, saved_urls, animated = [], [], [], []
    from matplotlib.image import AxesImage, NonUniformImage, PcolorImage, _ImageBase

    by_artist = _container_hints(figure)
    for artist in _all_artists(figure):
        saved_ids.append((artist, artist.get_gid()))
        artist.set_gid(by_artist.get(artist) or _class_hint(artist))
        if artist.get_animated():
            # Left out of a still picture, and drawn over it as soon as the figure is shown.
            animated.append(artist)
            artist.set_animated(False)
        if isinstance(artist, _ImageBase):
            # Images open no group, and hand on a link in its place.
            saved_urls.append((artist, artist.get_url()))
            is_grid = isinstance(artist, AxesImage) and not isinstance(artist, NonUniformImage | PcolorImage)
            artist.set_url(None if is_grid else "image")
        if hasattr(artist, "get_interpolation") and artist.get_interpolation() in _CELL_BY_CELL:
            # Handed over cell by cell, not resampled.
            saved_images.append((artist, artist.get_interpolation()))
            artist.set_interpolation("none")
    try:
        yield
    finally:
        for artist, gid in saved_ids:
            artist.set_gid(gid)
        for artist in animated:
            artist.set_animated(True)
        for artist, url in saved_urls:
            artist.set_url(url)
        for artist, interpolation in saved_images:
            artist.set_interpolation(interpolation)


def _all_artists(figure: Any) -> list[Any]:
    """List all artists of `figure`, those included that are held as attributes."""
    from matplotlib.artist import Artist

    artists = figure.findobj()
    parts = (getattr(artist, name, None) for artist in artists for name in _PARTS)
    return list(dict.fromkeys([*artists, *(part for part in parts if isinstance(part, Artist))]))


def _container_hints(figure: Any) -> dict[Any, str]:
    """Return hints for artists of `figure` that belong to a container: bars, error bars, stems."""
    from matplotlib import container

    hints: dict[Any, str] = {figure.patch: "background"}
    for axes in figure.findobj(lambda artist: hasattr(artist, "containers")):
        hints[axes.patch] = "background"
        hints |= dict.fromkeys((axes.title, axes._left_title, axes._right_title), "title")
        for group in axes.containers:
            if isinstance(group, container.BarContainer):
                hint = "bar sideways" if group.orientation == "horizontal" else "bar"
                hints |= dict.fromkeys(group.patches, hint)
            elif isinstance(group, container.ErrorbarContainer):
                hints |= dict.fromkeys(group.lines[2], "error")
            elif isinstance(group, container.StemContainer):
                # One collection, or a list of lines.
                stems = group.stemlines
                hints |= dict.fromkeys(stems if isinstance(stems, list | tuple) else [stems], "stem")
                hints[group.baseline] = "baseline"
    return hints


def _class_hint(artist: Any) -> str | None:
    """Return the hint that an artist's class gives, or None."""
    import matplotlib.collections as collections_module
    from matplotlib import contour, patches, quiver, spines
    from mpl_toolkits.mplot3d import axis3d  # type: ignore[import-untyped]

    if hasattr(artist, "containers"):
        return _axes_hint(artist)
    if isinstance(artist, patches.Rectangle) and artist.axes is not None and _is_span(artist):
        return "span"
    table = (
        (spines.Spine, "spine"),
        (axis3d.Axis, "3D axes"),
        ((patches.FancyArrowPatch, patches.FancyArrow, patches.Arrow), "arrow"),
        (patches.Wedge, "wedge"),
        (patches.Shadow, "shadow"),
        ((patches.Rectangle, patches.FancyBboxPatch, patches.RegularPolygon, patches.Ellipse), "patch"),
        ((patches.Annulus, collections_module.PatchCollection), "patch"),
        ((quiver.Quiver, quiver.QuiverKey, quiver.Barbs), "vectors"),
        (contour.ContourSet, "contour"),
        ((collections_module.QuadMesh, collections_module.PolyQuadMesh), "cells"),
        (collections_module.TriMesh, "mesh"),
        (collections_module.EventCollection, "events"),
    )
    for classes, hint in table:
        if isinstance(artist, classes):
            return hint
    return _polygons_hint(artist) if isinstance(artist, collections_module.PolyCollection) else None


def _polygons_hint(polygons: Any) -> str | None:
    from matplotlib.collections import FillBetweenPolyCollection

    if isinstance(polygons, FillBetweenPolyCollection):
        # `fill_betweenx`, and the bodies of violins.
        return "violin" if getattr(polygons, "t_direction", "x") == "y" else "area"
    if polygons.get_array() is None:
        return None
    # `hexbin` alone sets polygons off and colours them by a count.
    return "hexagons" if len(polygons.get_offsets()) > 1 else "mesh"


def _axes_hint(axes: Any) -> str | None:
    if hasattr(axes, "_colorbar"):
        return "colour bar"
    return {"3d": "3D axes", "rectilinear": None, "polar": None}.get(axes.name, "map axes")


def _is_span(rectangle: Any) -> bool:
    """Tell whether a `rectangle` reaches across its axes by its transform, as `axvspan` and `axhspan` make it."""
    transform = rectangle.get_data_transform()
    return transform in (rectangle.axes.get_xaxis_transform(), rectangle.axes.get_yaxis_transform())
