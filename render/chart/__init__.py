"""Charts: matplotlib programs run in the sandbox, their display lists drawn and read."""
