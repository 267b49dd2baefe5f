"""Compiled code sees devices by windows, and nobody can tell."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("llvmlite")

from popek.engine.machine import Machine
from popek.engine.native import cache, tier, windows
from popek.engine.native.text import Text
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.slot import CONSOLE_INPUT, CONSOLE_OUTPUT, DISK
from popek.testing.chatting import CHATTY, ECHO, OPEN, chatting
from popek.testing.loops import SIZE

TEXT = bytes(n * 7 % 251 for n in range(3 * windows.LENGTH + 5))
"""More than some windows have room for."""


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make regions at once, and keep compiled loops where this session has them."""
    where: Path = tmp_path_factory.getbasetemp() / "native"
    monkeypatch.setattr(cache, "directory", lambda: where)
    monkeypatch.setattr(tier, "THRESHOLD", 5)


@pytest.fixture
def fresh() -> Iterator[None]:
    """Compile loops anew, and forget them afterwards."""
    tier.loop.cache_clear()
    yield
    tier.loop.cache_clear()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, bool]]:
    """Return the windows that are opened, as they are: of which array, at which index, and whether it was of use."""
    seen: list[tuple[str, int, bool]] = []
    right = windows.Windows.open

    def open_(self: windows.Windows, number: int, index: int, left: int) -> bool:
        seen.append((self._arrays[number].name, index, right(self, number, index, left)))
        return seen[-1][2]

    monkeypatch.setattr(windows.Windows, "open", open_)
    return seen


def pair(isa: Isa, words: Mapping[int, int], typed: bytes = b"", memory: int = SIZE) -> tuple[Machine, Machine]:
    """Return a machine run by the reference, and one run by compiled code."""
    one, other = (Machine(isa, words, typed=typed, memory=memory) for _ in range(2))
    one.engine, other.engine = "reference", "native"
    return one, other


def everything(machine: Machine) -> dict[str, Any]:
    """Return all that a step may change, copied."""
    return {name: container.copy() for name, container in machine.everything().items()}


def same(one: Machine, other: Machine, seed: int, steps: int = 20_000) -> bool:
    """Run both by random budgets, and say whether they come to the same, after each."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    while one.outcome is None and one.counts["steps"] < steps:
        budget = random.choice((1, 2, 3, 7, 50, 1000))
        one.run(budget)
        other.run(budget)
        if everything(one) != everything(other):
            return False
    return True


def echo(typed: bytes = TEXT) -> tuple[Machine, Machine]:
    """Return machines that print what is typed."""
    return pair(CLASSIC, assemble(ECHO, CLASSIC).words, typed)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_typed_and_printed_is_the_same_wherever_a_run_ends(seed: int) -> None:
    """Over the ends of windows and of what is typed, by budgets that end between two words."""
    assert same(*echo(), seed)


def test_python_is_entered_once_for_many_words(opened: list[tuple[str, int, bool]]) -> None:
    """For each window, that is; every step is compiled code's."""
    one, other = echo()
    steps = one.run().steps
    assert other.run().steps == steps
    assert everything(one)["console_output"] == everything(other)["console_output"]
    assert other.sprinted == {"native": steps}
    assert len(opened) == 8
    assert {index for name, index, _ in opened if name == "console_output"} == {0, 128, 256, 384}


@pytest.mark.parametrize("steps", [1, 500, 2000])
def test_going_back_over_what_was_printed_is_exact(steps: int) -> None:
    """And forth again."""
    one, other = echo()
    for machine in (one, other):
        machine.run(3000)
        machine.back(steps)
    assert everything(one) == everything(other)
    assert same(one, other, 1)


def test_what_python_changes_in_between_is_seen() -> None:
    """Whatever was typed, printed or stored meanwhile: no window outlives a sprint."""
    one, other = echo()
    for n in range(20):
        for machine in (one, other):
            machine.run(97)
            arrays = machine.state.arrays
            arrays[CONSOLE_INPUT].update({i: i + n for i in range(n * 20, n * 20 + 200, 3)})
            arrays[CONSOLE_OUTPUT].pop(n * 5, None)
            arrays[CONSOLE_OUTPUT][1000 + n] = n
        assert everything(one) == everything(other)


@pytest.mark.parametrize("isa", [CHATTY, OPEN], ids=lambda isa: isa.name)
@pytest.mark.parametrize("length", [1, 2, 128])
def test_any_element_of_a_device_is_the_right_one(
    isa: Isa, length: int, monkeypatch: pytest.MonkeyPatch, opened: list[tuple[str, int, bool]]
) -> None:
    """One by another, several at once, in guards, under conditions, near both ends; in either mode."""
    monkeypatch.setattr(windows, "LENGTH", length)
    tier.loop.cache_clear()
    for seed in range(12):
        assert same(*pair(isa, chatting(isa, seed), TEXT), seed, 1500), seed
    tier.loop.cache_clear()
    assert {name for name, _, useful in opened if useful} == {a.name for a in (CONSOLE_INPUT, CONSOLE_OUTPUT, DISK)}
    assert any(not useful for _, _, useful in opened), "nothing wanted two elements that are far apart"


@pytest.mark.soak
@pytest.mark.parametrize("isa", [CHATTY, OPEN], ids=lambda isa: isa.name)
@pytest.mark.parametrize("part", range(10))
def test_any_element_of_a_device_is_the_right_one_in_many_guests(isa: Isa, part: int) -> None:
    """The same, ten thousand of them."""
    for seed in range(1000 + part * 500, 1500 + part * 500):
        assert same(*pair(isa, chatting(isa, seed), TEXT), seed, 1500), seed


def noticed() -> bool:
    """Say whether something is not as by the reference."""
    return not all(same(*echo(), seed) for seed in range(3))


@pytest.mark.usefixtures("fresh")
def test_a_window_that_is_not_written_back_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was printed would be lost."""

    def close(self: windows.Windows, number: int) -> None:
        self._rows[number * windows.width() + windows.OPEN] = 0

    monkeypatch.setattr(windows.Windows, "_close", close)
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_a_window_that_is_a_word_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its beginning, or at its end."""
    right = windows.Window._from_start
    for by in (1, -1):

        def from_start(self: windows.Window, text: Text, index: str, by: int = by) -> str:
            return text.value(f"add i32 {right(self, text, index)}, {by}")

        monkeypatch.setattr(windows.Window, "_from_start", from_start)
        tier.loop.cache_clear()
        assert noticed()


@pytest.mark.usefixtures("fresh")
def test_a_write_that_is_not_marked_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was never read would not be in the array."""

    def put(self: windows.Window, text: Text, index: str, value: str) -> None:
        text.store(value, self._place(text, windows.WORDS, index))

    monkeypatch.setattr(windows.Window, "put", put)
    assert noticed()


@pytest.mark.usefixtures("fresh")
def test_a_window_that_stays_open_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a run is over, somebody may write to the device."""
    monkeypatch.setattr(windows.Windows, "close", lambda _self: None)
    with pytest.raises(AssertionError):
        test_what_python_changes_in_between_is_seen()


@pytest.mark.usefixtures("fresh")
def test_an_element_that_is_taken_to_be_at_hand_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One beyond the window is somebody else's word."""

    def outside(self: windows.Window, text: Text, index: str) -> str:
        length = text.load(text.at(self.pointer, windows.OPEN))
        far = text.value(f"icmp ugt i32 {self._from_start(text, index)}, {length}")
        closed = text.value(f"icmp eq i32 {length}, 0")
        return text.value(f"or i1 {far}, {closed}")

    monkeypatch.setattr(windows.Window, "outside", outside)
    assert noticed()


def test_nothing_is_done_twice_for_what_is_wanted_later() -> None:
    """A step whose element is missed has not ticked: the clocks are those of the reference."""
    source = """
            .org    8
            .word   0, tick, 0, 64
            .org    16
    start:  ldi     r1, 5
            settimer r1
            ldi     r2, 1
            setie   r2
    next:   out     r2, 0
            in      r3, 0
            out     r3, 0
            jal     r7, next
    tick:   settimer r1
            gettimer r4
            out     r4, 0
            lpsw    0(r0)
    """
    words = assemble(source, CLASSIC).words
    for seed in range(4):
        assert same(*pair(CLASSIC, words, TEXT, 64), seed, 4000), seed
