"""Monitors as machine code: dispatcher, allocator and interpreter routines, compiled from the same data."""
