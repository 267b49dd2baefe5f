"""Monitors as Python source."""
