"""Headers: read whole, and what is wrong in them is told with its place."""

import pytest

from popek.errors import PopekError
from popek.guests import header


def problems(*lines: str) -> list[str]:
    """Return what is wrong in a header, without the lines that are shown."""
    with pytest.raises(PopekError) as caught:
        header.read("\n".join(lines), "my.s")
    return [f"{p.place}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in caught.value.problems]


def test_every_key_is_read() -> None:
    """Each key has its kind of value, and keys that repeat become tables."""
    text = r"""; a remark
;@ title: A title: with a colon
;@ output: "two\nlines"
;@ input: "é"
;@ register: r1 = 42
;@ register: r15 = -1
;@ memory-word: buffer + 3 = 0x7

;@ disk: sequence 4
;@ max-steps: 5
;@ memory: 0x100
;@ isa: r-readable
;@ outcome: trap-loop
start:  nop"""
    assert header.read(text, "my.s") == {
        "title": "A title: with a colon",
        "output": "two\nlines",
        "input": "é".encode(),
        "register": {1: 42, 15: 0xFFFFFFFF},
        "memory-word": {"buffer + 3": 7},
        "disk": (1, 2, 5, 10),
        "max-steps": 5,
        "memory": 256,
        "isa": "r-readable",
        "outcome": "trap-loop",
    }


def test_a_disk_can_be_a_list() -> None:
    """Words are given as they are."""
    assert header.read(";@ disk: [1, 4294967295]", "my.s") == {"disk": (1, 4294967295)}


def test_a_text_need_not_have_a_header() -> None:
    """Without header lines there are no values."""
    assert header.read("; only a remark\nstart: halt\n", "my.s") == {}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (";@ titel: x", "my.s:1:4: there is no header key `titel` (did you mean `title`?)"),
        (";@ title", "my.s:1:1: a header line is `;@ key: value`"),
        (";@", "my.s:1:1: a header line is `;@ key: value`"),
        (";@ title:", "my.s:1:10: `title`: a text is missing"),
        (";@ outcome: halt", "my.s:1:13: `outcome`: there is no outcome 'halt' (did you mean `halted`?)"),
        (";@ isa: clasic", "my.s:1:9: `isa`: there is no ISA 'clasic' (did you mean `classic`?)"),
        (";@ register: r16 = 1", "my.s:1:14: `register`: 'r16' is not a register (registers are r0 to r15)"),
        (";@ register: r1", "my.s:1:14: `register`: `=` is missing (for example: r1 = 42)"),
        (";@ register: r1 = x", "my.s:1:14: `register`: 'x' is not a number (numbers are written 12 or 0x1f)"),
        (";@ register: r1 = 4294967296", "my.s:1:14: `register`: 4294967296 is not within -2147483648..4294967295"),
        (";@ memory: 16", "my.s:1:12: `memory`: 16 is not within 17..16777216"),
        (";@ max-steps: 0", "my.s:1:15: `max-steps`: 0 is not within 1..1000000000000"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(line: str, problem: str) -> None:
    """File, line, column, what is wrong, and the nearest thing that is right."""
    assert problems(line) == [problem]


@pytest.mark.parametrize(
    "line",
    [
        ";@ output: hello",
        ";@ output: 7",
        ';@ output: "open',
        ';@ input: "\\ud800"',
        ";@ disk: [1, -1]",
        ";@ disk: [true]",
        ";@ disk: [1.0]",
        ";@ disk: sequence",
        ";@ disk: sequence 99999999999",
        ";@ disk: " + "[" * 100_000,
        ";@ memory-word: a * b = 1",
        ";@ memory-word: = 1",
        ";@ memory: 1_000",
        ";@ memory: ٣٣٣",
    ],
)
def test_values_of_another_form_are_refused(line: str) -> None:
    """A value that is not of its key's form is one problem, never a Python exception."""
    assert len(problems(line)) == 1


def test_all_problems_are_told_in_one_go() -> None:
    """One reading finds every line that is wrong, also the second of its kind and one too far down."""
    assert problems(
        ";@ title: one", ";@ title: two", ";@ register: r1 = 1", ";@ register: r1 = 2", "start: halt", ";@ memory: 99"
    ) == [
        "my.s:2:4: `title` is given twice",
        "my.s:4:4: `r1` is given twice",
        "my.s:6:1: a header line stands below the first statement (move it up)",
    ]
