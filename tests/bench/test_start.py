"""How long the program takes to start, beside a bare interpreter."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUDGETS = {"--help": 0.15, "run hello": 0.5, "verdict classic": 2.0}
"""Seconds on a machine where a bare interpreter takes 0.015; on others in proportion."""

BARE = 0.015


def best(*arguments: str) -> float:
    """Return the least of some times."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.bench
@pytest.mark.parametrize("line", BUDGETS)
def test_start(line: str) -> None:
    """A command starts within its budget."""
    scale = max(1.0, best("-c", "pass") / BARE)
    assert best("-m", "popek", *line.split()) <= BUDGETS[line] * scale
