"""Measurements: the same work on every engine, under the techniques, and on other people's machines."""
