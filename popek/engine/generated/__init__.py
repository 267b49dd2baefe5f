"""The Python tier: Python source made from the instructions' own expressions, for machines without a compiler."""
