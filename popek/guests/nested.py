"""Guests inside guests: the text of the monitor `vmm`, with other programs in its virtual machines.

What comes out is a text like any other, with a header that says what is to be expected of it: the monitor's result is
that of its guests. Since it is a guest itself, the monitor can be its own guest, to any depth.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from popek.errors import PopekError, Problem
from popek.guests import library
from popek.guests.guest import Expected, Guest, address
from popek.guests.header import MARK
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC, SECTOR
from popek.isa.program import Program

MONITOR = "vmm"
QUANTUM = 1000
"""Attempts that a guest gets before it is the next one's turn."""

ROOM = 64
"""Words that each of several guests may print before it has the console."""

SECTORS = 1 << 28
"""Sectors of a disk: so many have an address."""

SLOWER = 400
"""The step budget of a guest under the monitor is larger by this factor; `out`, for one, takes 120 instructions."""

LONGEST_RUN = 10**12
LONGEST_QUANTUM = (1 << 32) - 1
MOST_GUESTS, MOST_MONITORS, MOST_ROOM = 16, 16, 256
"""With these, all of a monitor's own words are within reach of its immediates."""

PER_LINE = 8
_SECTION = "; THE VIRTUAL MACHINES"


@frozen
class _Tenant:
    """A guest and its words."""

    guest: Guest
    program: Program


def hosting(*guests: Guest, depth: int = 1, quantum: int = QUANTUM, room: int = ROOM) -> Guest:
    """Return a guest: the monitor with these guests, or, for a depth of more, that under monitors with one guest each.

    Each gets as much memory, in words, as its header says. `quantum` is in attempts, `room` in words. Raise
    `PopekError` for a guest of another ISA than `classic`, and for terms that cannot be.
    """
    _check_terms(guests, depth, quantum, room)
    for guest in guests:
        if guest.isa != CLASSIC.name:
            hint = f"`{MONITOR}` has interpreter routines for {CLASSIC.name}'s instructions"
            raise PopekError(Problem(f"`{MONITOR}` cannot host `{guest.name}`, a program for {guest.isa}", hint=hint))
    tenants = [_Tenant(g, assemble(g.source, CLASSIC, file=g.file)) for g in guests]
    for t in tenants:
        if t.program.end > t.guest.memory:
            raise PopekError(f"`{t.guest.name}` has {t.program.end} words, and its header gives it {t.guest.memory}")
    hosted = _hosted(tenants, quantum, room if len(guests) > 1 else 0)
    return hosted if depth == 1 else hosting(hosted, depth=depth - 1, quantum=quantum)


def _check_terms(guests: Sequence[Guest], depth: int, quantum: int, room: int) -> None:
    for what, value, most in (
        ("guests", len(guests), MOST_GUESTS),
        ("monitors", depth, MOST_MONITORS),
        ("attempts in a quantum", quantum, LONGEST_QUANTUM),
        ("words of room", room, MOST_ROOM),
    ):
        if not 1 <= value <= most:
            raise PopekError(f"{value} {what} are not possible: 1 to {most} are")


def _hosted(tenants: Sequence[_Tenant], quantum: int, room: int) -> Guest:
    name = f"{MONITOR}:{','.join(t.guest.name for t in tenants)}"
    monitor = library.find(MONITOR).source.partition(_SECTION)[0]
    code = "".join(line for line in monitor.splitlines(keepends=True) if not line.startswith(MARK))
    text = code + "\n".join((_SECTION, "", *_machines(tenants, quantum, room), ""))
    places = assemble(text, CLASSIC, file=f"{name}.s").symbols
    header = "".join(f"{MARK} {key}: {value}\n" for key, value in _header(tenants, places))
    hosted = library.parse(header + text, f"{name}.s", name=name)
    known = all(t.guest.expected.outcome for t in tenants)
    return hosted if known else evolve(hosted, expected=Expected())


def _machines(tenants: Sequence[_Tenant], quantum: int, room: int) -> Iterator[str]:
    """Give the lines that describe the virtual machines, and the words of their memories."""
    count = len(tenants)
    sectors = 1 << (SECTORS // count).bit_length() - 1
    for name, value in {"guests": count, "room": room, "sectors": sectors}.items():
        yield f"        .equ    {name}, {value}"
    yield "quantum:"
    yield f"        .word   {quantum}"
    for n, tenant in enumerate(tenants):
        yield f"machine_{n}:"
        yield f"        machine {n}, machine_{(n + 1) % count}, allotment_{n}, {tenant.guest.memory}"
    for n, tenant in enumerate(tenants):
        yield f"\n; {tenant.guest.name}"
        yield f"allotment_{n}:"
        yield from _words(f"allotment_{n}", tenant.program.words)
        yield f"        .org    allotment_{n} + {tenant.guest.memory}"
    yield "memory_end:"


def _words(start: str, words: Mapping[int, int]) -> Iterator[str]:
    """Give the lines that put words, but for zeros, at their addresses from a label on."""
    line: list[str] = []
    after = -1
    for at in sorted(a for a, w in words.items() if w):
        if line and (at != after or len(line) == PER_LINE):
            yield f"        .word   {', '.join(line)}"
            line = []
        if at != after:
            yield f"        .org    {start} + {at}"
        line.append(f"{words[at]:#x}")
        after = at + 1
    if line:
        yield f"        .word   {', '.join(line)}"


def _header(tenants: Sequence[_Tenant], places: Mapping[str, int]) -> Iterator[tuple[str, object]]:
    """Give the keys and values of the header: what the guests need, and what is to be expected of them together."""
    guests = [t.guest for t in tenants]
    ends = [g.expected.outcome in ("halted", None) for g in guests]
    heard = guests[: ends.index(False) + 1] if False in ends else guests
    outputs = [g.expected.output for g in heard]
    yield "title", f"A monitor with {' and '.join(g.name for g in guests)}"
    yield "teaches", f"Under a monitor: {guests[0].teaches or guests[0].name}"
    yield "outcome", "halted" if all(ends) else "budget"
    if None not in outputs:
        yield "output", json.dumps("".join(filter(None, outputs)))
    if ends == [True]:
        yield from (("register", f"r{n} = {value}") for n, value in guests[0].expected.registers.items())
    for n, tenant in enumerate(tenants):
        for where, value in tenant.guest.expected.words.items():
            at = address(where, tenant.program.symbols)
            if at is not None:
                yield "memory-word", f"{places[f'allotment_{n}'] + at} = {value}"
    yield "input", json.dumps(b"".join(g.input for g in guests).decode())
    disk = _striped([g.disk for g in guests])
    if disk:
        yield "disk", json.dumps(disk)
    yield "memory", places["memory_end"]
    slower = SLOWER if all(ends) else 1
    yield "max-steps", min(LONGEST_RUN, slower * sum(g.max_steps for g in guests))


def _striped(disks: Sequence[Sequence[int]]) -> list[int]:
    """Return the one disk of which each guest has every n-th sector."""
    sectors = -(-max(map(len, disks)) // SECTOR)
    return [
        d[at] if at < len(d) else 0 for s in range(sectors) for d in disks for at in range(s * SECTOR, (s + 1) * SECTOR)
    ]
