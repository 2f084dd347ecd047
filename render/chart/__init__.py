"""Charts: matplotlib programs run in the sandbox, their display lists drawn and read.

A program's process records its figure as a display list (`program`, `recorder`); the trusted side decodes it
(`display`), draws it (`paint`) and reads it (`read`): first the figure is sorted into axes, ticks, legends and texts
(`parts`), then axes become scales (`axes`), and what stands in each panel becomes marks (`marks` and the files of its
steps: `boxes`, `points`, `bars`, `wedges`, `lines`, `heatmap`). Facts are read from what is seen (`visible`).

Begin with `FigurePool` in `pool`, or with `read_chart` in `read`. This package may import `geometry` and the parts of
`render` that all renderers share, and none of the other renderers.
"""
