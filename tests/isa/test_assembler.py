"""Laws of the assembler: what a text means, and how its author is told what is wrong with it."""

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from popek.errors import PopekError, Problem
from popek.isa import assembler
from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.behaviour import Behaviour
from popek.isa.classic import CLASSIC
from popek.isa.disassembler import disassemble_word
from popek.isa.instruction import Instruction
from popek.isa.macros import PRELUDE
from popek.isa.program import Program


def words(source: str, isa: Isa = CLASSIC) -> list[int]:
    """Assemble; return the words in the order of their addresses."""
    table = assemble(source, isa).words
    return [table[a] for a in sorted(table)]


def problems(source: str, isa: Isa = CLASSIC) -> tuple[Problem, ...]:
    """Assemble what is wrong; return what is said about it."""
    with pytest.raises(PopekError) as caught:
        assemble(source, isa, file="wrong.s")
    return caught.value.problems


def problem(source: str, isa: Isa = CLASSIC) -> Problem:
    """Assemble what is wrong in one way; return the one thing said about it."""
    (only,) = problems(source, isa)
    return only


def blamed(found: Problem) -> str:
    """Return the text over the carets."""
    assert found.place is not None
    return found.place.text[found.place.column - 1 :][: found.place.length]


# What a text means.


def test_empty() -> None:
    """A text without statements is a program without words."""
    program = assemble("; nothing\n\n# at all", CLASSIC)
    assert (program.words, program.end, program.symbols) == ({}, 0, {})
    assert program.text(16) == ""


def test_start() -> None:
    """The first word goes to address 16, where the machine starts; `.org` goes elsewhere, and back."""
    assert assemble("nop", CLASSIC).words.keys() == {16}
    assert assemble(".org 100\nnop\nnop\n.org 0\nnop", CLASSIC).words.keys() == {100, 101, 0}
    assert assemble(".org 0x20\nnop", CLASSIC).end == 0x21


def test_lines() -> None:
    """A word knows the line that it comes from; a macro's words, the line of the call."""
    program = assemble("; a comment\n  nop ; here\n  li r1, 5", CLASSIC)
    assert program.lines == {16: 2, 17: 3, 18: 3}
    assert program.text(16) == "nop ; here"
    assert program.text(18) == "li r1, 5"
    assert repr(program) == "<Program <source>: 3 words>"


def test_labels() -> None:
    """Several labels may stand before an instruction, or alone; they may be used before they stand."""
    program = assemble("a: b:\n .c_1: jal r1, d\n nop\nd:", CLASSIC)
    assert program.symbols == {"a": 16, "b": 16, ".c_1": 16, "d": 18}
    assert program.words[16] == CLASSIC["jal"].encode({"a": 1, "imm": 2})


def test_case() -> None:
    """Mnemonics, registers and directives do not care about case; labels do."""
    assert words("ADD R1, Sp, lR\n.WORD 3") == words("add r1, r14, r15\n.word 3")
    assert assemble("x: nop\nX: nop", CLASSIC).symbols == {"x": 16, "X": 17}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("1 << 4 | 3", 19),
        ("1 | 6 ^ 3 & 2", 5),
        ("10 - 3 - 2", 5),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("7 / -2", -3),
        ("7 % -2", 1),
        ("~0", -1),
        ("- -5", 5),
        ("+5", 5),
        ("-2 * 3", -6),
        ("2*-3", -6),
        ("0x1F", 31),
        ("0b101", 5),
        ("1_000", 1000),
        ("'a'", 97),
        (r"'\n'", 10),
        (r"'\''", 39),
        (r"'\x41'", 65),
        ("';'", 59),
        ("'é'", 233),
        (".", 16),
        ("here + 1", 17),
        ("lo(0x12348765)", 0x8765 - 0x10000),
        ("hi(0x12348765)", 0x1234),
        ("hi(-1)", 0xFFFF),
        ("lo(lo(-1)) + 1", 0),
        ("1 << 31 >> 31", 1),
        ("-8 >> 1", -4),
    ],
)
def test_formula(text: str, value: int) -> None:
    """Constant expressions have C's operators and precedence; `lo` is signed, `hi` is not."""
    assert words(f"here: .word {text}") == [value & 0xFFFFFFFF]


@given(st.integers(-(1 << 31), (1 << 32) - 1))
@example(0x8000)
@example(0xFFFF8000)
@example(-1)
@settings(max_examples=30, deadline=None)
def test_halves(value: int) -> None:
    """A word is its `lo`, with its `hi` put over the upper half: so `li` reaches every word, always in two."""
    whole = value & 0xFFFFFFFF
    assert words(f"li r1, {value}") == words(f"ldi r1, lo({value})\nldih r1, hi({value})")
    assert words(f".word (lo({value}) & 0xffff) | hi({value}) << 16") == [whole]


def test_names_like_functions() -> None:
    """`lo` and `hi` are functions before a parenthesis only, so that they may be labels."""
    assert words("lo: hi: .word lo, hi + lo") == [16, 32]


def test_data() -> None:
    """`.string` gives one byte a word and a zero, `.ascii` no zero, `.space` as many equal words as it says."""
    assert words('.string "aé\\n;"') == [97, 0xC3, 0xA9, 10, 59, 0]
    assert words(r'.ascii "\x00\"\\"') == [0, 34, 92]
    assert words(".ascii \"\"\n.space 0\n.space 2\n.space 2, -1\n.word 1,2 , 'x'") == [
        0,
        0,
        *[0xFFFFFFFF] * 2,
        1,
        2,
        120,
    ]


def test_equ() -> None:
    """`.equ` names a value, which is a symbol like a label."""
    program = assemble(".equ size, 3\n.equ twice, size * 2\n.space twice\nend: ldi r1, size", CLASSIC)
    assert program.symbols == {"size": 3, "twice": 6, "end": 22}


def test_targets() -> None:
    """A target is written as an address, and encoded as the distance from the instruction itself."""
    assert words("x: beq r0, r0, x\n beq r0, r0, x\n beq r0, r0, .+5")[:2] == [0x15000000, 0x1500FFFF]
    assert words("beq r0, r0, .-32768\nbeq r0, r0, .+32767") == [0x15008000, 0x15007FFF]


def test_hyphens() -> None:
    """An instruction's name is the first word, whatever its ISA calls it."""
    strange = Instruction("Move-from.sr/2", "ra", 0xF0, "Odd name.", Behaviour())
    isa = CLASSIC.vary("odd", {strange.name: strange})
    assert words("x: move-FROM.sr/2 r3", isa) == [0xF0300000]
    assert words(".macro m op\n\\op r3\n.endm\nm move-from.sr/2", isa) == [0xF0300000]


def test_line_ends() -> None:
    """Windows line ends, tabs, a byte order mark and a missing last line end change nothing."""
    assert words("\ufeffx:\tnop\r\n\tjmp\tx\r\n") == words("x: nop\n jmp x")


# Macros.


def test_macro() -> None:
    r"""A macro's parameters stand for the tokens of its arguments, and `\@` makes its labels unique."""
    source = r"""
        countdown r1, table + 2
        countdown r2, 'c'
        table: .word 1
        .macro countdown, counter, from
                ldi     \counter, \from
        again\@:
                addi    \counter, \counter, -1
                bne     \counter, r0, again\@
        .endm
    """
    flat = """
        ldi r1, table + 2
        a: addi r1, r1, -1
        bne r1, r0, a
        ldi r2, 'c'
        b: addi r2, r2, -1
        bne r2, r0, b
        table: .word 1
    """
    assert words(source) == words(flat)
    assert assemble(source, CLASSIC).symbols == {"table": 22, "again1": 17, "again2": 20}


def test_macros_call_macros() -> None:
    """A macro may call others, pass on what it got, and build names out of it."""
    source = r"""
        .macro set_both a, b, v
                set \a, \v
                set \b, \v
        .endm
        .macro set reg, name
        at_\name:
                ldi \reg, const_\name
        .endm
        .macro choose op
        \op\()r1, 5
        .endm
        .equ const_x, 7
        set r1, x
    """
    with pytest.raises(PopekError):
        assemble(source, CLASSIC)
    good = source.replace("\\op\\()r1", "\\op r1") + "choose ldi\n"
    assert words(good) == words("ldi r1, 7\nldi r1, 5")
    assert assemble(good, CLASSIC).symbols["at_x"] == 16


def test_macro_label_at_end() -> None:
    """A label before `.endm` belongs to the macro's body, and one before a call stands at its first word."""
    source = ".macro skip\n jmp after\\@\nafter\\@: .endm\nx: skip\nnop"
    assert assemble(source, CLASSIC).symbols == {"x": 16, "after1": 17}


def test_argument_in_parentheses() -> None:
    """Commas in parentheses do not part arguments, and an argument may be a whole memory operand."""
    assert words(".macro get r, where\n ld \\r, \\where\n.endm\n get r1, (2+1)*2(sp)") == words("ld r1, 6(r14)")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("jmp x", "beq r0, r0, x"),
        ("call x", "jal r15, x"),
        ("ret", "jalr r15, r15"),
        ("push r3", "addi r14, r14, -1\nst r3, 0(r14)"),
        ("pop r3", "ld r3, 0(r14)\naddi r14, r14, 1"),
        ("inc r3", "addi r3, r3, 1"),
        ("dec r3", "addi r3, r3, -1"),
        ("bgt r1, r2, x", "blt r2, r1, x"),
        ("bgtu r1, r2, x", "bltu r2, r1, x"),
        ("bge r1, r2, x", "blt r2, r1, x\nbeq r1, r2, x"),
        ("bgeu r1, r2, x", "bltu r2, r1, x\nbeq r1, r2, x"),
        ("ble r1, r2, x", "blt r1, r2, x\nbeq r1, r2, x"),
        ("bleu r1, r2, x", "bltu r1, r2, x\nbeq r1, r2, x"),
    ],
)
def test_prelude(short: str, long: str) -> None:
    """The prelude's macros are short for instructions."""
    assert words(f"{short}\nx:") == words(f"{long}\nx:")


def test_prelude_is_complete() -> None:
    """Every macro of the prelude is there for `classic`, and is tested above."""
    names = [line.split()[1] for line in PRELUDE.splitlines() if line.startswith(".macro")]
    arguments = {"jmp": "1", "call": "1", "ret": "", "push": "r1", "pop": "r1", "inc": "r1", "dec": "r1", "li": "r1, 1"}
    assert all(words(f"{name} {arguments.get(name, 'r1, r2, 1')}") for name in names)


def test_instruction_wins() -> None:
    """An ISA's own instruction goes before the prelude's macro of its name, and a user's macro does too."""
    own = Instruction("push", "ra", 0xF1, "Push.", Behaviour())
    assert words("push r2", CLASSIC.vary("stack", push=own)) == [0xF1200000]
    assert words(".macro push r\n nop\n.endm\npush r2") == words("nop")


def test_prelude_needs_instructions() -> None:
    """A macro of the prelude is not there for an ISA that lacks an instruction it uses."""
    isa = evolve(CLASSIC, name="short", instructions=tuple(i for i in CLASSIC.instructions if i.name != "ldih"))
    assert problem("li r1, 5", isa).message == "short has no instruction `li`"
    assert words("jmp .", isa) == [0x15000000]


# What is wrong, and where.


@pytest.mark.parametrize(
    ("source", "message", "token", "hint"),
    [
        ("add r1, r2", "`add` takes three operands, not 2", "add", "`add` takes `ra, rb, rc`"),
        ("add r1, r2, r3, r4", "`add` takes three operands, not 4", "r4", "`add` takes `ra, rb, rc`"),
        ("halt r1", "`halt` takes no operands, not 1", "r1", ""),
        ("add r1, , r3", "an operand is missing here", ",", "`add` takes `ra, rb, rc`"),
        ("add r1, r2, 5", "a register is expected, not `5`", "5", "`add` takes `ra, rb, rc`; registers"),
        ("add r1, r2, r16", "a register is expected, not `r16`", "r16", "r0..r15"),
        ("addi r1, r2, r3", "`r3` is a register; a value is expected here", "r3", "`addi` takes `ra, rb, imm`"),
        ("addi r1, r2, 1+r3", "`r3` is a register; a value is expected here", "r3", ""),
        ("ld r1, (r2)", "a value is missing before `(`: write `0(r2)`", "(", "`ld` takes `ra, imm(rb)`"),
        ("ld r1, 4", "`(` is missing", "", "`ld` takes `ra, imm(rb)`"),
        ("ld r1, 4(5)", "a register is expected, not `5`", "5", "`ld` takes `ra, imm(rb)`"),
        ("ld r1, 4(r2", "`)` is missing", "", "`ld` takes `ra, imm(rb)`"),
        ("ld r1, 4(", "a register is missing", "", "`ld` takes `ra, imm(rb)`"),
        ("ld r1, 4(r2))", "`)` is not expected here", ")", "`ld` takes `ra, imm(rb)`"),
        ("ld r1, 4 4(r2)", "`(` is expected, not `4`", "4", "`ld` takes `ra, imm(rb)`"),
        ("ldi r1, 70000", "70000 is out of range: it must be within -32768..32767", "70000", "lo(x)"),
        ("ldih r1, -1 - 1", "-2 is out of range: it must be within 0..65535", "-1 - 1", ""),
        ("jmp 100000", "the target 100000 is 99984 words from here: the distance must be", "100000", ""),
        (".word 1 << 32", "4294967296 is out of range: it must be within -2147483648..4294967295", "1 << 32", ""),
        (".word -0x80000001", "-2147483649 is out of range", "-0x80000001", ""),
        (".word 1, 2 / (3 - 3)", "division by zero", "(3 - 3)", ""),
        (".word 2 % 0", "division by zero", "0", ""),
        (".word 1 << 999999999999", "a shift by 999999999999", "999999999999", ""),
        (".word 1 >> -1", "a shift by -1: it must be within 0..63", "-1", ""),
        (".word 1 << 63 << 63", "this value is too large", "1 << 63 << 63", ""),
        (".word 0xfffffffffffffffff", "this value is too large", "0xfffffffffffffffff", ""),
        (".word " + "9" * 90, "the number `9999999999999999999999999999999999999...` is too large", "9" * 90, ""),
        (".word lo(1 << 32)", "4294967296 does not fit in a word", "1 << 32", "a word is within"),
        (".word (1 + 2", "`(` is never closed", "(", ""),
        (".word lo(1", "`lo` is never closed", "lo", ""),
        (".word 1 +", "a value is missing here", "", ""),
        (".word 1 + * 2", "a value is expected, not `*`", "*", ""),
        (".word (1 << 40)", "1099511627776 is out of range", "(1 << 40)", ""),
        (".word 1 + lo(2 << 62)", "9223372036854775808 does not fit in a word", "2 << 62", "a word is within"),
        (".word 1)", "`)` is not expected here", ")", ""),
        (".word 1 2", "`2` is not expected here", "2", ""),
        (".word", "`.word` takes at least one value", ".word", ""),
        (".word 1,", "a value is missing here", ",", ""),
        ('.word "abc"', 'a value is expected, not `"abc"`', '"abc"', ""),
        (".word 12ab", "`12ab` is not a number", "12ab", "numbers are written"),
        (".word 'ab'", "a character constant is one character", "'ab'", "write 'c'"),
        (".word @", "`@` means nothing here", "@", ""),
        ('.string "abc', "this string does not end", '"abc', "on the same line"),
        ('.string "a\\qb"', "there is no escape `\\q`", "\\q", "escapes are"),
        (".string abc", "a text in quotes is expected, not `abc`", "abc", '`.string "text"`'),
        ('.ascii "a" "b"', '`"b"` is not expected here', '"b"', '`.ascii "text"`'),
        (".string", "`.string` takes one operand, not 0", ".string", '`.string "text"`'),
        ('.string "\udc80"', "this string has no UTF-8 form", '"\ufffd"', ""),
        (".org later\nlater: nop", "`later` is not defined yet", "later", "line 2 defines it; `.org` can only use"),
        (".space later\nlater: nop", "`later` is not defined yet", "later", "`.space` can only use"),
        (".equ x, later\nlater: nop", "`later` is not defined yet", "later", "`.equ` can only use"),
        (".equ x, x", "`x` is not defined yet", "x", ""),
        (".org -1", "-1 is out of range: it must be within 0..16777215", "-1", ""),
        (".org 0xffffff\nnop\nnop", "this is beyond the largest memory", "nop", "0..16777215"),
        (".space 1 << 40", "1099511627776 is out of range: it must be within 0..1048576", "1 << 40", ""),
        (".space 1000000\n.space 1000000", "the program is too long", ".space", "at most 1048576 words"),
        (".space 1, 2, 3", "`.space` takes one operand, not 3", "2", "`count, value`"),
        (".equ 5, 3", "a name is expected, not `5`", "5", "`.equ` takes `name, value`"),
        (".equ a b, 3", "a name is expected, not `b`", "b", "`.equ` takes `name, value`"),
        ("a: nop\na: nop", "`a` is defined twice", "a", "it is defined on line 1"),
        ("a: nop\n.equ a, 3", "`a` is defined twice", "a", "it is defined on line 1"),
        ("SP: nop", "`SP` is a register; a label needs another name", "SP", ""),
        (".equ r3, 3", "`r3` is a register; a label needs another name", "r3", ""),
        (".: nop", "`.` cannot be a label", ".", ""),
        ("a-b: nop", "`a-b` cannot be a label", "a-b", "a label is made of"),
        ("1loop: nop", "`1loop` is not a number", "1loop", ""),
        ("5", "a statement starts with an instruction's name, not `5`", "5", ""),
        ("x = 5", "`=` means nothing here", "=", "`.equ name, value`"),
        ("loop: jmp lop", "`lop` is not defined", "lop", "did you mean `loop`?"),
        ("Loop: jmp loop", "`loop` is not defined", "loop", "did you mean `Loop`?"),
        ("sbu r1, r2, r3", "classic has no instruction `sbu`", "sbu", "did you mean `sub`?"),
        ("pussh r1", "classic has no instruction `pussh`", "pussh", "did you mean `push`?"),
        (".wrod 5", "there is no directive `.wrod`", ".wrod", "did you mean `.word`?"),
        (".endm", "`.endm` without `.macro`", ".endm", ""),
        (".macro m\nnop", "the macro `m` has no end", ".macro", "a macro ends with a line `.endm`"),
        (".macro\n.endm", "a macro needs a name", ".macro", "write `.macro name, a, b`".replace("name,", "name")),
        (".macro 5\n.endm", "a macro needs a name", "5", "write `.macro"),
        (".macro m a.b\n.endm", "`a.b` cannot be a macro's parameter", "a.b", ""),
        (".macro m a, a\n.endm", "two parameters with the name `a`", "a", ""),
        (".macro m\n.endm\n.macro M\n.endm", "a second macro `M`", "M", "it is defined on line 1"),
        (".macro add\n.endm", "`add` is an instruction of classic; a macro needs another name", "add", ""),
        (".macro .word\n.endm", "`.word` is a directive; a macro needs another name", ".word", ""),
        (".macro m count\nldi r1, \\cuont\n.endm", "the macro `m` has no parameter `cuont`", "\\cuont", "`count`"),
        ("ldi r1, \\x", "`\\x` means nothing outside a macro", "\\x", ""),
        (".macro m\nldi 'ab'\n.endm", "a character constant is one character", "'ab'", ""),
        ("li r1", "`li` takes two operands, not 1", "li", "`li` takes `ra, value`"),
        ("li r1, 2, 3", "`li` takes two operands, not 3", "3", "`li` takes `ra, value`"),
        ("nop\x00", "classic has no instruction `nop\ufffd`", "nop\ufffd", ""),
        ("add r1, r2, r3\u00a0", "U+00A0 means nothing here", "\ufffd", ""),
    ],
)
def test_problem(source: str, message: str, token: str, hint: str) -> None:
    """Each mistake is told once, by what it is, with the token to blame and what to do."""
    found = problem(source)
    assert found.message.startswith(message)
    assert found.place is not None
    assert found.place.file == "wrong.s"
    assert blamed(found) == token
    assert hint in found.hint


def test_operand_forms() -> None:
    """Operands are read as the instruction's own syntax says, even one that `classic` does not have."""
    odd = CLASSIC.vary("odd", jump=Instruction("jump", "(target), ra", 0xF3, "Jump.", Behaviour()))
    assert words("jump (.+2), r3", odd) == [0xF3300002]
    assert problem("jump (, r3", odd).message == "`jump` takes two operands, not 1"
    assert problem("jump 5, r3", odd).message == "`(` is expected, not `5`"
    alone = CLASSIC.vary("alone", jump=Instruction("jump", "(target)", 0xF3, "Jump.", Behaviour()))
    assert problem("jump (", alone).message == "a value is missing here"


def test_shown() -> None:
    """A problem is shown with file, line and column, the line itself, carets under the token, and a hint."""
    assert str(problem("nop\n\tbeq\tr1, r2, foo + lop ; here\nlop:\nfoo2:")) == (
        "wrong.s:2:14: `foo` is not defined\n"
        "     beq r1, r2, foo + lop ; here\n"
        "                 ^^^\n"
        "  did you mean `foo2`?"
    )


def test_after_what_is_missing() -> None:
    """What is missing is missed just after what it should follow."""
    for source, column in ((".word 1 +", 10), ("add r1, , r3", 7), ("ld r1, 4", 9), ("add r1, r2,", 11)):
        found = problem(source)
        assert found.place is not None
        assert found.place.column == column


def test_in_macro() -> None:
    """A mistake in a macro's body is told at the call, and says where the body is."""
    found = problem(".macro inner a\n ldi \\a, 1 << 20\n.endm\n.macro outer\n inner r1\n.endm\nx: outer ; call")
    assert found.message.endswith("(in line 2, the macro `inner`)")
    assert found.place is not None
    assert (found.place.line, blamed(found)) == (7, "outer")
    found = problem(".macro big x\n .word \\x << 40\n.endm\n big 7")
    assert blamed(found) == "7"


def test_argument_of_macro() -> None:
    """What the caller wrote wrong is blamed where he wrote it, and once, however often the macro uses it."""
    found = problem("nop\nli r1, foo")
    assert (found.message, blamed(found)) == ("`foo` is not defined", "foo")
    found = problem("li 5, 3")
    assert (found.message, blamed(found)) == ("a register is expected, not `5`", "5")
    assert blamed(problem("li r1, 2 + (1 << 40)")) == "2 + (1 << 40)"


def test_built_in_macro() -> None:
    """A mistake inside the prelude, which only a strange ISA brings about, is told at the call."""
    isa = CLASSIC.vary("other", jalr=Instruction("jalr", "ra", 0xF2, "Jump, differently.", Behaviour()))
    found = problem("x: ret", isa)
    assert found.message == "`jalr` takes one operand, not 2 (in the built-in macro `ret`)"
    assert blamed(found) == "ret"


def test_label_in_macro() -> None:
    r"""A label that a macro defines twice is told with the remedy, `\@`."""
    found = problem(".macro m\nx: nop\n.endm\nm\nm")
    assert found.message.startswith("`x` is defined twice")
    assert "`x\\@`" in found.hint
    assert found.place is not None
    assert found.place.line == 5


def test_endless_macro(monkeypatch: pytest.MonkeyPatch) -> None:
    """A macro that calls itself, directly or not, is refused, and so is one too deep, too long or too many."""
    assert "calls itself" in problem(".macro a\n a\n.endm\n a").message
    assert "calls itself" in problem(".macro a\n b\n.endm\n.macro b\n a\n.endm\n a").message
    deep = "".join(f".macro m{i}\n m{i + 1}\n.endm\n" for i in range(100))
    assert "deep" in problem(deep + "m0").message
    wide = "".join(f".macro m{i}\n m{i + 1}\n m{i + 1}\n.endm\n" for i in range(40)) + ".macro m40\n.endm\n"
    long = "".join(f".macro m{i} x\n m{i + 1} \\x + \\x\n.endm\n" for i in range(40))
    assert "too long a statement" in problem(long + "m0 1").message
    name = "".join(f".macro m{i} x\n m{i + 1} a\\x\\x\n.endm\n" for i in range(40))
    assert "which is not a name" in problem(name + "m0 a").message
    monkeypatch.setattr(assembler, "MOST_EXPANDED", 3000)
    assert "too much text" in problem(wide + "m0").message
    head = ".macro m x\n\\x\\x r1\n.endm\nm 1"
    assert "`11`, which is not an instruction's name" in problem(head).message


def test_overlap() -> None:
    """Two words at one address are told once for each `.org`, with the line of the first."""
    found = problem(".word 1, 2, 3\n.org 17\nnop\nnop\nnop")
    assert found.message == "address 17 has a word already"
    assert "line 1 has put it there" in found.hint
    assert len(problems("nop\n.org 16\nnop\n.org 16\nnop")) == 2


def test_all_at_once() -> None:
    """All mistakes are told in one go, in the order of the text."""
    found = problems("jmp nowhere\n.word 1/0, foo\nadd r1\nx: bad\nldi r1, 99999\nx: nop")
    assert [p.place.line for p in found if p.place] == [1, 2, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "source",
    [
        "x: bad r1\njmp x",
        'x: .string "abc\njmp x',
        ".equ x, 1/0\nldi r1, x\n.space x",
        ".equ x 5\nldi r1, x\n.org x\nnop",
        '.equ x, "\nldi r1, x',
        ".org 1/0\nx: jmp x\nnop\ny: .word y - x, .",
        ".space 1 << 30\nx: jmp x",
        "r5: ldi r1, 1 + r5",
        "li r1\nx: beq r0, r0, x + 100000",
        ".macro m\nx: nop\njmp x",
        ".macro m 5\n nop\n.endm",
        ".macro m 'ab'\n nop\nlabel\\@:\n.endm",
        ".org 0xffffff\nnop\nnop\nnop\nnop",
        ".word 1, (2, 3)\njmp .",
    ],
)
def test_no_cascade(source: str) -> None:
    """What only follows from a mistake is not told: a failed line's labels and constants count as defined."""
    assert len(problems(source)) == 1


def test_unclosed_macro_before_another() -> None:
    """A macro opened inside another shows that the first has no end, and the second counts."""
    found = problem(".macro a\n nop\nlost:\n.macro b\n nop\n.endm\n b\n jmp lost")
    assert found.message == "the macro `a` has no end"


def test_too_many() -> None:
    """No more than 20 problems are told, and how many are not."""
    found = problems("bad\n" * 100)
    assert len(found) == assembler.MOST_PROBLEMS + 1
    assert found[-1] == Problem("too many problems: 80 more are not shown")


# Whatever the text.

_STATEMENTS = [
    f"{i} {i.operands}".replace("imm", "5").replace("target", ".").replace("ra", "r1") for i in CLASSIC.instructions
]
_PIECES = """
    .org_ .word_ .space_ .string_ .equ_ .macro_ .endm \\a \\@ a b: r1 lo( hi( ( ) , + - << / 0 1 99999999999 0x ' " \\ ;
"""
_CHARACTERS = "\n\n\n \0\r\f\u00a0\u202e\ud800"
_SNIPPETS = st.sampled_from(
    [
        *_STATEMENTS,
        *(piece.replace("_", " ") for piece in _PIECES.split()),
        *_CHARACTERS,
        "li r1, ",
        ".macro m a, b\n",
        "m 1, 2\n",
    ]
)


def attempt(source: str) -> Program | tuple[Problem, ...]:
    """Assemble; return the program, or what is wrong with the text."""
    try:
        return assemble(source, CLASSIC)
    except PopekError as error:
        return error.problems


@given(st.lists(_SNIPPETS | st.text(max_size=5), max_size=30).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_text(source: str) -> None:
    """Any text either assembles or is told what is wrong with it, in a place of its own."""
    found = attempt(source)
    if isinstance(found, Program):
        assert all(0 <= word < 1 << 32 for word in found.words.values())
        assert found.words.keys() == found.lines.keys()
    else:
        lines = source.count("\n") + 1
        assert found
        assert all(p.place and 1 <= p.place.line <= lines and p.place.column >= 1 for p in found[:20])


@pytest.mark.parametrize(
    "source",
    [
        ".word " + "(" * 50_000 + "1" + ")" * 50_000,
        ".word " + "-" * 50_000 + "1",
        ".word " + "1+" * 20_000 + "1",
        ".word " + "(" * 50_000,
        "a" * 100_000,
        ".string " + '"' * 10_001,
        "x" * 1000 + ": jmp " + "x" * 1000,
        ".space 1000000\n" * 100,
        ".org 16\n.space 500000\n" * 100,
        "".join(f".word u{i}\nl{i}:\n" for i in range(1000)),
    ],
)
def test_extremes(source: str) -> None:
    """Depth, length and size have limits, and reaching one is told like any other mistake: soon, and briefly."""
    found = attempt(source)
    assert isinstance(found, Program) or len(str(PopekError(*found))) < 20_000


def test_every_line_is_its_word() -> None:
    """What a program's words disassemble to is what was written, for each instruction alone."""
    for text in ("add r1, r2, r3", "ld r1, -5(r14)", "svc 7", "halt", "lpsw 3(r2)", "disk r1, r2, 1"):
        assert [disassemble_word(w, CLASSIC) for w in words(text)] == [text]
