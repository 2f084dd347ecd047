"""The roles: what Proposer, Coder and Solver are shown, how they are read, what they are paid for."""
