"""The page about performance, made of what was measured: `docs/measured/*.json`, which `popek bench` has written.

Nothing is measured here, so that the page can be checked against its data; to measure again:

    popek bench loops --json --svg docs/images/loops.svg > docs/measured/loops.json
    popek bench exits --json --turns 3 > docs/measured/exits.json
    popek bench growth --turns 2 --json --svg docs/images/growth.svg > docs/measured/growth.json
    python docs/generate.py
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

MEASURED = Path(__file__).parent / "measured"

FLOORS: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("native", "gcc -O2"): {"arithmetic": 0.9, "sieve": 0.4, "fibonacci": 0.25},
    ("native", "QEMU user"): {"arithmetic": 0.9, "sieve": 1.2, "fibonacci": 3},
    ("native", "QEMU system -icount"): {"arithmetic": 4, "sieve": 4, "fibonacci": 4},
    ("native", "Unicorn"): {"arithmetic": 1, "sieve": 20, "fibonacci": 20},
    ("python", "tinyrv"): {"arithmetic": 30, "sieve": 30, "fibonacci": 30},
    ("native, trap-and-emulate", "native"): dict.fromkeys(("arithmetic", "sieve", "fibonacci"), 1 / 1.02),
    ("native, paravirtual", "native"): dict.fromkeys(("arithmetic", "sieve", "fibonacci"), 1 / 1.02),
    ("native, hardware-assisted", "native"): dict.fromkeys(("arithmetic", "sieve", "fibonacci"), 1 / 1.02),
    ("native, translation", "native"): dict.fromkeys(("arithmetic", "sieve", "fibonacci"), 1 / 1.1),
}
"""What was aimed at: how many times as fast one should be as another, by loop."""

_HEAD = """# Performance

<!-- Written by `python docs/generate.py` from docs/measured/*.json; do not edit. -->

Measured on {cores}, which had other work as well: time is
processor time, and ratios tell more than third digits.
Each number is the median of its turns, with the least and the most of them; a ratio is taken in each turn by itself,
while everybody runs in turn.

{note}
"""

_LOOPS = """## Loops

`popek bench loops`: {turns} turns, Python {python}, {machine}; {versions}.

Speeds are millions of popek's instructions for the same work a second. Code is warm: what can be compiled is.
{guests}

![Speeds](images/loops.svg)
"""

_EXITS = """## Exits

`popek bench exits`: processor time from the guest to whoever serves the trap, and back, in nanoseconds.
"""

_GROWTH = """## Growth

`popek bench growth`: nanoseconds an instruction by the length of a run; milliseconds and KiB for each virtual machine
by how many there are on one real machine.

![Growth](images/growth.svg)
"""


_GUESTS = """## Random guests

`python docs/multitude.py --guests {guests} --seed {first}`, at commit `{commit}`, {minutes:,.0f} minutes of processor
time: {guests:,} random guests, {steps:,} steps, one in four rewriting itself; each was run once by the reference, on
the bare machine, and then on the tiers, bare and under the techniques by turns, in stretches of random length, with
random allotments and quanta. {runs:,} runs, {exits:,} exits, {cells} combinations of instruction, mode and outcome. Of
all these runs {differing} came to something else. {asked:,} runs of ported guests, or of guests with words that are
hypercalls, were not held against the bare machine, which has none.
"""


def measured(name: str) -> Any:
    """Return what was measured of a subject."""
    return json.loads((MEASURED / f"{name}.json").read_text("utf-8"))


def number(value: float) -> str:
    """Return a number with three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(found: Mapping[str, float]) -> str:
    """Return a median, with the least and the most."""
    return f"{number(found['median'])} [{number(found['low'])}-{number(found['high'])}]"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def performance() -> str:
    """Return the page."""
    loops, exits, growth = measured("loops"), measured("exits"), measured("growth")
    versions = "; ".join(f"{name} {version}" for name, version in loops["versions"].items())
    terms = {k: loops[k] for k in ("turns", "python", "machine")}
    return "\n".join(
        (
            _HEAD.format(note=loops["note"], cores="two cores of a server processor (x86-64, Linux)"),
            _LOOPS.format(**terms, versions=versions, guests=_guests(loops["guests"])),
            _speeds(loops["loops"], loops["guests"]),
            "How many times as fast one is as another, and what was aimed at:\n",
            _ratios(loops["loops"], loops["guests"]),
            _EXITS,
            table(
                ("round trip", "under", "engine", "ns"),
                ((e["what"], e["where"], e["engine"], spread(e["nanoseconds"])) for e in exits["exits"]),
            ),
            _GROWTH,
            table(
                ("engine", "instructions", "ns each"),
                ((e["engine"], f"{e['instructions']:,}", spread(e["nanoseconds"])) for e in growth["lengths"]),
            ),
            table(
                ("virtual machines", "ms to start each", "ms to run each", "KiB each"),
                (
                    (f"{c['machines']:,}", spread(c["start"]), spread(c["run"]), number(c["memory"]))
                    for c in growth["crowds"]
                ),
            ),
            _random_guests(measured("guests")),
        )
    )


def _random_guests(found: Any) -> str:
    """Say how many were run, and what they came to; and how often under which technique."""
    numbers = {n: found[n] for n in ("guests", "first", "commit", "steps", "asked")}
    said = _GUESTS.format(
        **numbers,
        minutes=found["seconds"] / 60,
        runs=sum(found["runs"].values()),
        exits=sum(found["exits"].values()),
        cells=len(found["cells"]),
        differing=len(found["differing"]) or "none",
    )
    kinds = (" on native", " on python", " on native, monitor and all")
    techniques = [name.removesuffix(kinds[0]) for name in found["runs"] if name.endswith(kinds[0])]
    rows = ((t, *(f"{found['runs'][t + kind]:,}" for kind in kinds)) for t in techniques)
    heads = ("runs", "native", "python", "native, the reference's monitor beside it")
    outcomes: Counter[str] = Counter()
    for _, mode, outcome, times in found["cells"]:
        outcomes[f"{outcome}, {mode}"] += times
    ends = table(("outcome of a step, mode", "steps"), ((what, f"{n:,}") for what, n in sorted(outcomes.items())))
    return f"{said}\n{table(heads, rows)}\n{ends}"


def _guests(guests: Any) -> str:
    """Say what the guests are, and how they differ from the loops."""
    sizes = ", ".join(f"{name} ({count:,})" for name, count in guests["instructions"].items())
    return fill(
        "The loops must not be special, so the geometric mean over all shipped guests that run for "
        f"{guests['least']:,} instructions or more is beside them: {sizes}. Those are short runs, from reset to halt, "
        "with the way into the engine and out of it, and translated anew where code is translated; they trap, "
        "print and are interrupted, as they were written to. Compiled code does that as well, device words by windows; "
        "the more of the time is the way in and out, and opening those. Peers have no `classic`, and cannot run them.",
        120,
    )


def _speeds(loops: Sequence[Any], guests: Any) -> str:
    names = [s["name"] for s in loops[0]["speeds"]]
    found = [{s["name"]: s["mips"] for s in one["speeds"]} for one in (*loops, guests)]
    rows = ((name, *(spread(f[name]) if name in f else "" for f in found)) for name in names)
    return table(("million instructions/s", *(loop["loop"] for loop in loops), GUESTS), rows)


GUESTS = "all guests (geometric mean)"


def _ratios(loops: Sequence[Any], guests: Any) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for (of, to), floors in FLOORS.items():
            cells = []
            for loop in loops:
                times = [r["times"] for r in loop["ratios"] if (r["of"], r["to"]) == (of, to)]
                floor = floors[loop["loop"]]
                reached = "reached" if times and times[0]["median"] >= floor else "not reached"
                cells.append(f"{spread(times[0])}, of {number(floor)}: {reached}" if times else "not measured")
            means = [r["times"] for r in guests["ratios"] if (r["of"], r["to"]) == (of, to)]
            yield f"{of} / {to}", *cells, spread(means[0]) if means else ""

    return table(("as fast as", *(loop["loop"] for loop in loops), GUESTS), rows())
