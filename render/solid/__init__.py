"""Solids: trimesh programs run in the sandbox, their meshes drawn and measured."""
