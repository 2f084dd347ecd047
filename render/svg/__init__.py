"""SVG: programs parsed, resolved to flat scenes and drawn."""
