"""Guest programs translated: on `classic`, on its variants as far as the proof says, and counted by virtual mode."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import popek
from popek.guests import library
from popek.isa.shipped import find as find_isa
from popek.isa.slot import REGISTERS
from popek.isa.variants import VARIANTS
from popek.library.running import Run
from popek.library.traces import trace_to
from popek.prove.properties import Proof, prove
from popek.prove.values import Status
from popek.testing.faults import classes_of, noticed
from popek.vmm.monitor import MONITORS
from popek.vmm.virtual_machine import VirtualMachine

TRANSLATING = ("translation", "translation-full")
PROBES = [n for n in library.names() if n.startswith("probe-")]
OF_CLASSIC = [n for n in library.names() if library.find(n).isa == "classic"]


@cache
def proof(isa: str, monitor: str) -> Proof:
    """Return the proof of a variant under a monitor, made once."""
    found = find_isa(isa)
    assert found is not None
    return prove(found, MONITORS[monitor], classes_of(found))


@pytest.mark.parametrize("monitor", TRANSLATING)
@pytest.mark.parametrize("name", OF_CLASSIC)
def test_every_guest_of_classic_gives_its_expected_result(name: str, monitor: str) -> None:
    """Translated, with a cache that is large, and the outcome is the bare machine's."""
    done = popek.run(name, monitor=monitor)
    assert done.as_expected, done.mismatches
    assert done.translation is not None
    assert done.translation.blocks > 0


@pytest.mark.parametrize("name", PROBES)
def test_no_probe_tells_on_its_variant_under_full_translation(name: str) -> None:
    """Trap-and-emulate cannot hide itself from it there; translation can, and the proof says so."""
    variant = library.find(name).detects
    assert not popek.run(name, isa=variant, monitor="trap-and-emulate").as_expected
    assert proof(variant, "translation-full").verdict("equivalence").status is Status.PROVED
    assert popek.run(name, isa=variant, monitor="translation-full").as_expected
    assert popek.compare(name, isa=variant, monitor="translation-full").equivalent


@pytest.mark.parametrize("monitor", TRANSLATING)
@pytest.mark.parametrize("variant", [v.name for v in VARIANTS])
def test_where_translation_is_proved_guests_cannot_tell(variant: str, monitor: str) -> None:
    """On every variant: what rewrites itself, takes interrupts, has users, and what probes, in lock step."""
    status = proof(variant, monitor).verdict("equivalence").status
    if status is Status.REFUTED:
        assert monitor == "translation", "whatever is sensitive is translated, so nothing is left to refute it"
        return
    assert status is Status.PROVED
    probes = [n for n in PROBES if library.find(n).detects == variant]
    for name in ("self-modifying", "psw-round-trip", *probes):
        assert popek.compare(name, isa=variant, monitor=monitor).equivalent, name


@pytest.mark.parametrize("variant", ["psw-storable", "timer-readable", "open-halt"])
def test_where_translation_of_supervisor_code_is_refuted_a_witness_diverges(variant: str) -> None:
    """User code runs directly there, and what is critical in it shows it, in translated code's own lock step."""
    found = find_isa(variant)
    assert found is not None
    assert proof(variant, "translation").verdict("equivalence").status is Status.REFUTED
    assert noticed(found, MONITORS["translation"], "equivalence") is not None


def by_mode(name: str, monitor: str) -> Run:
    """Run a guest, and check that every instruction is counted in one mode and in one way."""
    done = popek.run(name, monitor=monitor)
    assert sum(sum(ways.values()) for ways in done.modes.values()) == done.result.instructions
    assert sum(ways.get("direct", 0) for ways in done.modes.values()) == done.direct
    for way, count in done.treated.items():
        assert sum(ways.get(way, 0) for ways in done.modes.values()) == count
    return done


def test_a_hybrid_monitor_emulates_supervisor_code_and_runs_user_code() -> None:
    """What theorem 3 is about, counted."""
    modes = by_mode("os", "hybrid").modes
    assert modes["supervisor"].keys() == {"emulated"}
    assert modes["user"].keys() == {"direct", "exited"}


def test_an_interpreter_runs_nothing_directly() -> None:
    """In neither mode."""
    modes = by_mode("os", "interpreter").modes
    assert modes["supervisor"].keys() == modes["user"].keys() == {"emulated"}


@pytest.mark.parametrize("monitor", ["trap-and-emulate", *TRANSLATING])
def test_instructions_are_counted_alike_in_every_way_to_run_them(monitor: str) -> None:
    """The modes are the guest's own, so its sums are the same whoever runs it, and the innocuous ones are direct."""
    emulated, found = by_mode("os", "interpreter").modes, by_mode("os", monitor).modes
    assert {m: sum(w.values()) for m, w in found.items()} == {m: sum(w.values()) for m, w in emulated.items()}
    assert {m: w["direct"] for m, w in found.items()} == {"supervisor": 2216, "user": 294}


def test_a_trace_of_translated_code_tells_all_that_changed(tmp_path: Path) -> None:
    """Whoever follows the changes of the trace from the beginning has the state of the end; and what the cache did."""
    path = tmp_path / "trace"
    program = popek.assemble(library.find("self-modifying").source)
    with trace_to(str(path)) as sink:
        vm = popek.virtual("classic", program, monitor="translation", memory=1024, sink=sink)
        seen = dict(begun(vm))
        vm.run()
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    for record in records:
        for name, before, after in record["changes"]:
            assert seen.get(name) == before
            seen[name] = after
    assert {n: v for n, v in seen.items() if v is not None} == begun(vm)
    happened = [h for r in records for h in r["translation"]]
    assert vm.translation is not None
    assert happened.count("blocks") == vm.translation.blocks
    assert happened.count("invalidations") == vm.translation.invalidations == 11


def begun(vm: VirtualMachine) -> dict[str, int]:
    """Return everything that a trace names, by the names that it has for it."""
    named: dict[str, int] = {}
    containers: Mapping[str, Any] = vm._containers()
    for prefix, container in containers.items():
        items = container.items() if isinstance(container, dict) else enumerate(container)
        named |= {vm._name(prefix, key): value for key, value in items}
    return named


REWRITES_ITS_SUPERVISOR = """
        ldi     r4, 900
        ld      r5, patched(r0)
        lpsw    user(r0)
handler:
patched:
        addi    r1, r1, 0
        bne     r4, r0, return
        halt
return: lpsw    0(r0)
loop:   addi    r5, r5, 1
        st      r5, patched(r0)
        addi    r4, r4, -1
        svc     0
        bne     r4, r0, loop
user:   .word   1, loop, 0, -1
        .org    8
        .word   0, handler, 0, -1
"""


@pytest.mark.parametrize("monitor", TRANSLATING)
def test_user_code_that_rewrites_supervisor_code_is_noticed_by_every_engine(monitor: str) -> None:
    """Long enough for whatever is fast to be used: a store by code that runs elsewhere ends what was translated."""
    program = popek.assemble(".org 16\n" + REWRITES_ITS_SUPERVISOR)
    bare, vm = popek.machine("classic", program), popek.virtual("classic", program, monitor=monitor)
    assert vm.run(20_000) == bare.run(20_000)
    assert vm.state.element(REGISTERS, 1) == sum(range(1, 901))
    assert vm.translation is not None
    assert vm.translation.invalidations == 899  # the first time, nothing had been translated yet
