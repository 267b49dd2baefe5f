"""An ISA: what it checks when it is built, how it decodes, and variants as deltas."""

import pytest
from attrs import evolve

from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Copy, Put, Trap
from popek.isa.classic import CLASSIC
from popek.isa.cycle import Cycle, Interrupt
from popek.isa.expression import TRUE, as_expr, element, operand
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS, A, Instruction
from popek.isa.slot import ARRAYS, DISK, MEMORY, REGISTERS, SLOTS, SUPERVISOR, TIMER, USER, Array, Role, Slot

NOP = CLASSIC["nop"]


def refused(*instructions: Instruction) -> str:
    """Return why an ISA with these instructions is refused."""
    with pytest.raises(PopekError) as caught:
        Isa("bad", instructions)
    return str(caught.value)


def test_two_instructions_of_one_name_or_opcode_are_refused() -> None:
    """Each is told with what they share."""
    assert "two instructions have the name nop" in refused(NOP, evolve(NOP, opcode=0x7F))
    assert "two instructions have the opcode 1" in refused(NOP, evolve(NOP, name="pause"))


SECRET, HOARD = Slot("secret", "Not declared."), Array("hoard", "Not declared.")
USES = [
    Behaviour({SECRET: 1}),
    Behaviour({TIMER: SECRET}),
    Behaviour({TIMER: element(HOARD, 1)}),
    Behaviour({}, [Put(HOARD, 1, 1)]),
    Behaviour({}, [Copy(HOARD, 1, DISK, 1, 1)]),
    Behaviour({}, [Copy(DISK, 1, HOARD, 1, 1)]),
    Behaviour({}, [], [Trap(TRUE, Cause.SVC, as_expr(SECRET))]),
]


@pytest.mark.parametrize("behaviour", USES, ids=range(len(USES)))
def test_state_that_is_not_declared_is_refused(behaviour: Behaviour) -> None:
    """Wherever it is used, read or written, in either mode."""
    message = refused(Instruction("it", "", 1, "It.", behaviour))
    assert "`it` uses " in message
    assert "which the ISA does not declare" in message
    assert "`it` uses " in refused(Instruction("it", "", 1, "It.", Behaviour(), behaviour))
    isa = Isa("good", (Instruction("it", "", 1, "It.", behaviour),), slots=(*SLOTS, SECRET), arrays=(*ARRAYS, HOARD))
    assert isa["it"].does == behaviour


def test_decoding_is_total() -> None:
    """Every word is an instruction with its values, or none; exactly the opcodes of the ISA decode."""
    assert [op for op in range(256) if CLASSIC.decode(op << 24)] == sorted(i.opcode for i in CLASSIC.instructions)
    decoded = CLASSIC.decode(0x0512_3000)
    assert decoded
    assert (decoded.instruction.name, decoded.values, decoded.word) == ("add", {"a": 1, "b": 2, "c": 3}, 0x0512_3000)
    assert CLASSIC.decode(0x0512_3001) is None


def test_an_unknown_instruction_is_told_with_the_nearest() -> None:
    """The hint names what was probably meant."""
    with pytest.raises(PopekError, match="classic has no instruction `setei`") as caught:
        CLASSIC["setei"]
    assert "setie" in str(caught.value)


def test_a_variant_is_a_delta_with_a_name() -> None:
    """What is not named is the very same record; what is, has another behaviour in user mode, or is replaced."""
    other = evolve(CLASSIC["add"], doc="Add, but told otherwise.")
    more = Instruction("more", "", 0x7E, "One more.", Behaviour())
    variant = CLASSIC.vary("mine", {"in": EXECUTES, "add": other, "more": more}, title="Mine", doc="D.", setie=IGNORED)
    assert (variant.name, variant.extends, variant.title, variant.doc, variant.year) == (
        "mine", "classic", "Mine", "D.", None,
    )  # fmt: skip
    assert (variant["in"].in_user, variant["setie"].in_user, variant["add"], variant["more"]) == (
        EXECUTES, IGNORED, other, more,
    )  # fmt: skip
    assert [i for i in variant.instructions if i is CLASSIC.by_name.get(i.name)] == [
        i for i in CLASSIC.instructions if i.name not in ("in", "add", "setie")
    ]
    assert CLASSIC["setie"].in_user is TRAPS


def test_a_variant_of_what_is_not_there_is_refused() -> None:
    """With the nearest name."""
    with pytest.raises(PopekError, match="jsu"):
        CLASSIC.vary("mine", jus=EXECUTES)


def test_lowering_is_done_once_for_each_mode() -> None:
    """And knows only two: supervisor, and any other."""
    halt = CLASSIC["halt"]
    assert CLASSIC.lowered(halt, USER) is CLASSIC.lowered(halt, USER) is CLASSIC.lowered(halt, 2)
    assert CLASSIC.lowered(halt, SUPERVISOR) is not CLASSIC.lowered(halt, USER)


def test_the_text_form_is_short() -> None:
    """A `repr` fits in a line."""
    assert repr(CLASSIC) == f"<Isa classic: {len(CLASSIC.instructions)} instructions>"
    assert repr(MEMORY) == "phys"


def test_what_clocks_and_interrupts_set_must_be_declared() -> None:
    """An ISA whose step needs a slot that it does not have is refused, with who needs it."""
    with pytest.raises(PopekError, match="`secret`, which `fuse` sets when it runs out, is not declared"):
        evolve(CLASSIC, slots=(*SLOTS, Slot("fuse", "A clock.", clock=SECRET)))
    with pytest.raises(PopekError, match="`secret`, which asks for the disk interrupt, is not declared"):
        evolve(CLASSIC, cycle=Cycle((Interrupt(SECRET, Cause.DISK),)))


def test_program_state_is_not_as_large_as_memory() -> None:
    """It is the real machine's own in a virtual machine, which has less memory: a program could measure it."""
    tags = Array("tags", "One for each word.", Role.PROGRAM, size="q")
    with pytest.raises(PopekError, match="`tags` is program state, and as large as physical memory"):
        evolve(CLASSIC, arrays=(*ARRAYS, tags))


UNENCODED = {
    "has the opcode 256, which no word has": ("it", "", 256, Behaviour()),
    "has the opcode -1, which no word has": ("it", "", -1, Behaviour()),
    "`event:fetch` cannot be the name of an instruction": ("event:fetch", "", 1, Behaviour()),
    "uses the operand `a`, which it does not have": ("it", "", 1, Behaviour({}, [Put(REGISTERS, A, 1)])),
    "uses the operand `offset`, which it does not have": ("it", "ra", 1, Behaviour({TIMER: operand("offset")})),
}


@pytest.mark.parametrize("message", UNENCODED)
def test_an_instruction_that_no_word_is_is_refused(message: str) -> None:
    """Of what is never executed everything holds; nothing is proved of it, since there is no such machine."""
    name, syntax, opcode, does = UNENCODED[message]
    assert message in refused(Instruction(name, syntax, opcode, "It.", does))


def test_a_trap_has_three_operands() -> None:
    """The old pc, the cause, a detail; there is nothing else that a trap could be told."""
    swap = evolve(CLASSIC.cycle.swap, writes={**CLASSIC.cycle.swap.writes, TIMER: operand("ticks")})
    with pytest.raises(PopekError, match="`trap` uses the operand `ticks`"):
        evolve(CLASSIC, cycle=evolve(CLASSIC.cycle, swap=swap))


@pytest.mark.parametrize("bits", [0, -1, 32, 40])
def test_a_slot_of_no_width_is_refused(bits: int) -> None:
    """A whole word has no `bits`; a claim about what is less than 2^32 would be about nothing."""
    with pytest.raises(PopekError, match=f"`odd` has {bits} bits"):
        evolve(CLASSIC, slots=(*SLOTS, Slot("odd", "Odd.", bits=bits)))


@pytest.mark.parametrize("count", [-1, 1 << 32, True, 1.0])
def test_a_transfer_of_no_number_of_words_is_refused(count: object) -> None:
    """The engines would count otherwise than the proof does."""
    with pytest.raises(ValueError, match="a transfer has 0 to"):
        Copy(REGISTERS, 0, REGISTERS, 1, count)  # type: ignore[arg-type]
