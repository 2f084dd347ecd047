"""Evaluation of any model on any benchmark: asked once, scored as its authors do, with intervals."""
