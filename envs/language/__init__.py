"""The query language: typed programs over a scene, their English, their enumeration and their execution."""
