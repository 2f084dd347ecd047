"""Official metrics as pure functions, quirks and all."""
