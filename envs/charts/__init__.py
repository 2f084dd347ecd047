"""Worlds of charts."""
