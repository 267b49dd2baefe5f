"""Monitors: what runs a deprivileged guest on a machine, and what it costs."""
