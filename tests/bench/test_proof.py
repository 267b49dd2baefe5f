"""How long proofs take, as multiples of importing what they need, in one interleaved run."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from popek.isa.classic import CLASSIC
from popek.prove.obligation import discharge
from popek.prove.properties import obligations
from popek.testing.faults import classes_of
from popek.vmm.monitor import MONITORS

ROOT = Path(__file__).parents[2]
UNIT = ("-c", "import z3, rich.table, attrs")
FLOORS = {"verdict classic": 4.0, "verdict": 15.0, "verdict classic variants": 15.0}
"""At most so many times the unit, in the median of rounds in which each has its turn."""

ROUNDS = 7


def seconds(*arguments: str) -> float:
    """Return how long a process takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


@pytest.mark.bench
def test_verdicts_as_whole_processes(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command takes no more than its multiple of the imports."""
    lines = {line: ("-m", "popek", *line.split()) for line in (*FLOORS, "lattice classic")}
    for arguments in (UNIT, *lines.values()):
        seconds(*arguments)
    rounds = [{"": seconds(*UNIT), **{n: seconds(*a) for n, a in lines.items()}} for _ in range(ROUNDS)]
    ratios = {n: statistics.median(r[n] / r[""] for r in rounds) for n in lines}
    with capsys.disabled():
        kept = "not kept" if sys.dont_write_bytecode else "kept"
        print(f"\nbytecode is {kept}")  # noqa: T201 - what is measured is to be read
        for name, ratio in ratios.items():
            taken = statistics.median(r[name] for r in rounds)
            print(f"popek {name:24} {taken:6.2f} s {ratio:6.1f} times the imports")  # noqa: T201 - likewise
    assert statistics.median(r["lattice classic"] for r in rounds) <= 5.0
    assert not {n: ratios[n] for n, floor in FLOORS.items() if ratios[n] > floor}


@pytest.mark.bench
def test_an_obligation_takes_less_than_a_millisecond(capsys: pytest.CaptureFixture[str]) -> None:
    """In the median over all obligations of `classic` under every monitor, after start-up."""
    classes, taken = classes_of(CLASSIC), []
    for monitor in MONITORS.values():
        if not monitor.in_guest_mode:
            for each in obligations(CLASSIC, monitor, classes):
                start = time.perf_counter()
                discharge(each)
                taken.append(time.perf_counter() - start)
    with capsys.disabled():
        print(f"\nobligation: {statistics.median(taken) * 1e6:.1f} us, at most {max(taken) * 1e3:.1f} ms")  # noqa: T201
    assert statistics.median(taken) < 1e-3
