"""Trees of blocks: each block has one way in, no tree is larger than it may be, and a wrong guess does no harm."""

import pytest

pytest.importorskip("llvmlite")

from popek.engine.machine import Machine
from popek.engine.native import cache, path, regions, tier, unfold
from popek.engine.native.discover import Discovery, Found
from popek.engine.native.regions import UNFOLDED
from popek.engine.native.unfold import FARTHEST, Copy, Size, Unfolding
from popek.isa.assembler import assemble
from popek.isa.classic import CLASSIC
from popek.isa.slot import PC
from popek.library.bench.loops import LOOPS, RESULT


def found(name: str) -> Found:
    """Return the region at the beginning of a loop of the bench."""
    (loop,) = (x for x in LOOPS if x.name == name)
    machine = Machine(CLASSIC, loop.words(CLASSIC, 1))
    machine.engine = "reference"
    machine.run(40)
    region = Discovery(CLASSIC, machine.state).region(machine.state.slot(PC))
    assert region is not None
    return region


@pytest.mark.parametrize("name", [x.name for x in LOOPS])
@pytest.mark.parametrize("size", [Size(), UNFOLDED])
def test_trees_are_trees_of_bounded_size(name: str, size: Size) -> None:
    """Every copy once, none too far from its head unless it is the head, every target in a tree or the head of one."""
    region = found(name)
    unfolding = Unfolding(region, size)
    assert {*region.entries} <= {*unfolding.trees}
    for head, tree in unfolding.trees.items():
        copies = list(tree.tree())
        assert len({id(c) for c in copies}) == len(copies)
        assert copies[0].block[0].pc == head
        assert sum(len(c.block) for c in copies[1:]) <= size.tree
        assert all(c.end <= FARTHEST for c in copies[1:])
        assert max(c.end for c in copies) == unfolding.needs()[head]
        for copy in copies:
            for target in copy.targets():
                assert target in copy.next or target in unfolding.trees or target not in region.code


def test_a_call_in_a_tree_comes_back_in_the_tree() -> None:
    """Somewhere in the recursive loop a return is followed by what is behind its call."""
    trees = Unfolding(found("fibonacci"), UNFOLDED).trees.values()
    ends = [c for tree in trees for c in tree.tree() if c.last.computed and c.next]
    assert any(c.returns for c in ends)
    assert all(list(c.next) == [c.returns[-1]] for c in ends if c.returns)
    assert not [c for tree in Unfolding(found("fibonacci"), Size()).trees.values() for c in tree.tree() if c.next]


def test_a_return_of_a_call_that_is_not_known_is_tried_in_the_tree() -> None:
    """At one place behind a call."""
    region = found("fibonacci")
    trees = Unfolding(region, UNFOLDED).trees.values()
    tried = [{*c.next} for tree in trees for c in tree.tree() if c.last.computed and c.next and not c.returns]
    assert tried
    assert all(heads <= {*region.returns.values()} and len(heads) == 1 for heads in tried)


STACK = """
        .org    8
        .word   0, handler, 0, -1
        .org    16
start:  ldi     r1, 0
        ldi     r2, 300
        ldi     sp, 900
loop:   call    deep
        addi    r1, r1, 1
        bne     r1, r2, loop
        halt
deep:   addi    sp, sp, -2
        st      lr, 0(sp)
        st      r1, 1(sp)
        ldi     r4, other
        ldi     r5, 7
        remu    r6, r1, r5
        bne     r6, r0, home
        st      r4, 0(sp)
home:   ld      r7, 1(sp)
        add     r10, r10, r7
        ld      lr, 0(sp)
        addi    sp, sp, 2
        ret
other:  addi    r10, r10, 1000
        jal     r8, loop + 1
handler: halt
"""
"""Every seventh call comes back elsewhere, as it finds written on the stack."""


def run(engine: str) -> tuple[int, dict[str, int]]:
    """Return the result of the guest above, and how many steps each engine has done."""
    machine = Machine(CLASSIC, assemble(STACK, CLASSIC).words)
    machine.engine = engine
    result = machine.run(1_000_000)
    return result.registers[RESULT], dict(machine.sprinted)


@pytest.fixture
def _eager(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    where = tmp_path_factory.getbasetemp() / "native"
    monkeypatch.setattr(cache, "directory", lambda: where)
    monkeypatch.setattr(regions, "WORTH", 1)
    monkeypatch.setattr(tier, "THRESHOLD", 5)


@pytest.mark.usefixtures("_eager")
def test_a_call_that_comes_back_elsewhere_is_right() -> None:
    """What is expected is compared with what is."""
    expected, _ = run("reference")
    assert expected == sum(range(300)) + 1000 * len(range(0, 300, 7))
    assert run("native")[0] == expected


@pytest.mark.usefixtures("_eager")
def test_a_wrong_guess_of_where_a_call_comes_back_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs time alone."""
    monkeypatch.setattr(Copy, "afterwards", lambda self: (*self.returns, self.last.pc) if self.last.link else ())
    assert run("native")[0] == run("reference")[0]


@pytest.mark.usefixtures("_eager")
def test_words_that_are_taken_to_be_as_they_were_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not change what is known of a word."""
    right = path.Path._store

    def store(self: path.Path, index: object, new: object) -> str | None:
        before = dict(self._words)
        mark = right(self, index, new)  # type: ignore[arg-type]
        self._words = {**self._words, **before}
        return mark

    monkeypatch.setattr(path.Path, "_store", store)
    assert run("native")[0] != run("reference")[0]


@pytest.mark.usefixtures("_eager")
def test_time_that_is_not_counted_in_a_tree_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that is believed to be shorter than it is goes beyond its budget."""
    right = unfold.Unfolding.needs
    monkeypatch.setattr(unfold.Unfolding, "needs", lambda self: dict.fromkeys(right(self), 1))
    one, other = (Machine(CLASSIC, assemble(STACK, CLASSIC).words) for _ in range(2))
    one.engine, other.engine = "reference", "native"
    places = []
    for machine in (one, other):
        for budget in (2000, *[17] * 50):
            machine.run(budget)
            places.append(machine.state.slot(PC))
    assert places[:51] != places[51:]
