"""Worlds of image transforms: what a program makes of a picture."""
