"""Plane geometry figures with conditions in words."""
