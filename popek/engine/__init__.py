"""Ways to run a machine, and traces of it."""
