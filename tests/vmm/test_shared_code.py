"""Hot code on a shared machine: somebody else changes the callee of an unfolded call, and the caller sees it."""

from collections.abc import Callable

import pytest

pytest.importorskip("llvmlite")

from popek.engine.native import regions
from popek.engine.native.context import Field
from popek.engine.native.regions import Regions
from popek.engine.native.tier import Native
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.instruction import EXECUTES
from popek.isa.program import Program
from popek.isa.slot import MEMORY
from popek.testing.hosting import everything
from popek.vmm.allotment import Allotment
from popek.vmm.host import Host

SIZE, VICTIM, OTHER, QUANTUM = 128, 300, 100, 700

Middle = Callable[[Host, Program], None]


@pytest.fixture(autouse=True)
def _unfolded(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make regions at once, unfolded."""
    where = tmp_path_factory.getbasetemp() / "native"
    monkeypatch.setattr("popek.engine.native.cache.directory", lambda: where)
    monkeypatch.setattr("popek.engine.native.tier.THRESHOLD", 5)
    monkeypatch.setattr(regions, "PLAIN", regions.UNFOLDED)


@pytest.fixture
def tiers(monkeypatch: pytest.MonkeyPatch) -> list[Native]:
    """Return all native tiers that are made."""
    made: list[Native] = []
    right = Native.__init__

    def init(self: Native, *args: object) -> None:
        right(self, *args)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(Native, "__init__", init)
    return made


def calling(isa: Isa, inside: str = "nop") -> Program:
    """Return a guest that calls a routine that calls another, 600 times; `inside` is in the latter."""
    return assemble(
        f"""
        .org    16
        ldi     r1, 0
        ldi     r2, 600
        ldi     r3, 400
        ldi     r4, place + 8
        ld      r5, other(r0)
        ldi     r7, 0
        ldi     r8, place
        ldi     sp, 120
loop:   call    outer
        addi    r1, r1, 1
        bne     r1, r3, on
        {inside}
on:     bne     r1, r2, loop
        halt
outer:  addi    sp, sp, -1
        st      lr, 0(sp)
        call    inner
        ld      lr, 0(sp)
        addi    sp, sp, 1
        ret
inner:  nop
place:  addi    r10, r10, 1
        addi    r11, r11, 2
        ret
        .space  16
other:  addi    r10, r10, 1000
""",
        isa,
    )


def spinning(isa: Isa, victim: Program | None = None) -> Program:
    """Return a guest that goes round a long time, and then sets its bound to everything, and writes to a victim's."""
    place = victim.symbols["place"] + VICTIM - OTHER if victim else 0
    attack = "ldi r6, -1\n setr r5, r6\n st r9, 0(r8)" if victim else "nop"
    return assemble(
        f"""
        .org    16
        ldi     r1, 0
        ldi     r2, 900
        ldi     r5, {OTHER}
        ldi     r8, {place}
        ld      r9, other(r0)
again:  addi    r1, r1, 1
        bne     r1, r2, again
        {attack}
        halt
other:  .word   {victim.words[victim.symbols["other"]] if victim else 0}
""",
        isa,
    )


def host(isa: Isa, engine: str, *programs: Program, disk: tuple[int, ...] = ()) -> Host:
    """Return a host on which there is a caller, and others."""
    made = Host(isa, memory=600, quantum=QUANTUM)
    made.engine = engine
    for place, program in zip((VICTIM, OTHER), programs, strict=False):
        made.start(program.words, allotment=Allotment(place, SIZE), disk=disk)
    return made


def nothing(host: Host, program: Program) -> None:
    """Do nothing in the middle."""
    del host, program


def monitor_writes(host: Host, program: Program) -> None:
    """Change the callee as a control program does, between two runs."""
    address = VICTIM + program.symbols["place"]
    host.state.put(MEMORY, address, program.words[program.symbols["other"]])


WAYS = ("another virtual machine", "the monitor", "the disk", "the guest itself")


def seen(tiers: list[Native], way: str) -> tuple[bool, int, int]:
    """Change a callee in some way; say whether all is as by the reference, what was added up, and done in regions."""
    isa, middle, disk = CLASSIC, nothing, tuple[int, ...]()
    caller, beside = calling(isa), spinning(isa)
    if way == "another virtual machine":
        isa = CLASSIC.vary("r-writable", setr=EXECUTES)
        beside = spinning(isa, caller)
    elif way == "the monitor":
        middle = monitor_writes
    elif way == "the disk":
        caller = calling(isa, "disk r8, r7, 0")
        place = caller.symbols["place"]
        sector = [caller.words.get(place + n, 0) for n in range(16)]
        disk = (caller.words[caller.symbols["other"]], *sector[1:])
    else:
        caller = calling(isa, "st r5, -8(r4)")
    both = []
    for engine in ("reference", "native"):
        made = host(isa, engine, caller, beside, disk=disk)
        both.append(made)
        made.run(5000)
        middle(made, caller)
        made.run()
    slow, fast = both
    total = fast["vm0"].result.registers[10]
    done = sum(int(t.memory.fields[Field.REGIONS]) for t in tiers)
    return everything(fast) == everything(slow), total, done


@pytest.mark.parametrize("way", WAYS)
def test_a_callee_that_is_changed_is_seen_by_its_caller(way: str, tiers: list[Native]) -> None:
    """Whoever changes it, while it is compiled into the caller."""
    same, total, done = seen(tiers, way)
    assert same
    assert 1000 * 100 < total < 600 * 1000
    assert done > 600 * 12 * 0.8


@pytest.mark.parametrize("way", WAYS)
def test_a_region_that_is_taken_to_be_as_it_was_is_noticed(
    way: str, tiers: list[Native], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks whether its words have changed."""
    monkeypatch.setattr(Regions, "stale", lambda _self, _region: False)
    same, total, _ = seen(tiers, way)
    assert not same
    assert total < 1000 * 100
