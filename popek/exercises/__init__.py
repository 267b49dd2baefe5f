"""Exercises: questions made from a seed, their answers found by proof or by running, and the marking of answers."""
