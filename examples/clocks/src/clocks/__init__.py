"""clocks/Clock-v1: a world for Zerosight in which clocks are read."""
