"""Python files: run in a module of their own; what goes wrong in one is told at the user's own line."""

import pytest

from popek.errors import PopekError
from popek.isa.architecture import Isa
from popek.isa.expression import operand
from popek.python_file import bound, run

HEAD = "from popek.isa.classic import CLASSIC\n"

BAD_PYTHON = [
    ("nothing", "", "mine.py: ", ["does not bind `isa`", "isa = ..."]),
    ("a syntax error", HEAD + "isa = = 3\n", "mine.py:2:7: ", ["not Python", "invalid syntax", "^"]),
    ("a bracket left open", HEAD + "isa = CLASSIC.vary(\n", "mine.py:2:19: ", ["never closed"]),
    ("a bad indentation", HEAD + "  isa = 3\n", "mine.py:2:", ["unexpected indent"]),
    ("a zero byte", "isa = 3\0", "mine.py", ["not Python"]),
    ("brackets in brackets", "(" * 5_000, "mine.py", ["not Python"]),
    ("an exception", HEAD + "x = 1\ny = x / 0\n", "mine.py:3:5: ", ["ZeroDivisionError: division by zero", "^^^^^"]),
    ("an exception in a function", "def f():\n    raise KeyError('x')\nf()\n", "mine.py:2:5: ", ["KeyError: 'x'"]),
    ("an exception of many lines", "raise ValueError('a\\nb' * 999)", "mine.py:1:1: ", ["a\\nb"]),
    ("a broken exception", "class E(Exception):\n  def __str__(self): 1/0\nraise E\n", "mine.py:3:1: ", ["E"]),
    ("no such module", "import nosuchmodule\n", "mine.py:1:1: ", ["`nosuchmodule` is not installed"]),
    (
        "no such name in popek",
        "from popek.isa.classic import CLASIC\n",
        "mine.py:1:1: ",
        ["cannot import name 'CLASIC'"],
    ),
    ("a name not defined", "isa = CLASSIC\n", "mine.py:1:7: ", ["NameError", "'CLASSIC'", "^^^^^^^"]),
    ("the end of the program", "import sys\nsys.exit(3)\n", "mine.py:2:1: ", ["ends the program", "SystemExit: 3"]),
    ("endless recursion", "def f(): f()\nf()\n", "mine.py:1:10: ", ["RecursionError"]),
    (
        "another name",
        "from popek.isa import classic\nmine = classic.CLASSIC\n",
        "mine.py: ",
        ["does not bind `isa`", "add `isa = mine`"],
    ),
    ("a text", "isa = 'classic'\n", "mine.py:1:1: ", ["`isa` is a str", "must be an Isa"]),
    ("nothing at all", "\nisa = None\n", "mine.py:2:1: ", ["NoneType"]),
    ("the class", "from popek.isa.architecture import Isa as isa\n", "mine.py: ", ["`isa` is a type", "data"]),
    ("a function", "def isa():\n    pass\n", "mine.py:1:1: ", ["`isa` is a function", "cannot be proved"]),
    (
        "a callback where a behaviour belongs",
        HEAD + "isa = CLASSIC.vary('mine',\n  jsu=lambda state: state)\n",
        "mine.py:2:7: ",
        ["a Behaviour was expected, not function", "cannot be proved"],
    ),
    (
        "a callback as the meaning",
        "from popek.isa.instruction import Instruction\ni = Instruction('x', '', 1, 'X.', print)\n",
        "mine.py:2:5: ",
        ["a Behaviour was expected, not builtin_function_or_method", "cannot be proved"],
    ),
    (
        "a callback as a value",
        "from popek.isa.behaviour import Behaviour\nfrom popek.isa.slot import PC\nb = Behaviour({PC: id})\n",
        "mine.py:3:5: ",
        ["an expression was expected", "builtin_function_or_method"],
    ),
    (
        "no such instruction",
        HEAD + "isa = CLASSIC.vary('mine', jus=CLASSIC['jsu'].in_user)\n",
        "mine.py:2:7: ",
        ["`jus`", "did you mean `jsu`"],
    ),
    (
        "two instructions with one opcode",
        HEAD + "from attrs import evolve\nisa = CLASSIC.vary('m', x=evolve(CLASSIC['add'], name='x'))\n",
        "mine.py:3:7: ",
        ["two instructions have the opcode"],
    ),
    (
        "an operand nobody knows",
        "from popek.isa.encoding import operands\noperands('rz')\n",
        "mine.py:2:1: ",
        ["KeyError: 'rz'"],
    ),
]


@pytest.mark.parametrize(("text", "place", "said"), [b[1:] for b in BAD_PYTHON], ids=[b[0] for b in BAD_PYTHON])
def test_a_bad_python_text_is_one_clear_error_at_its_own_line(text: str, place: str, said: list[str]) -> None:
    """Whatever goes wrong in a user's code: one `PopekError` at the user's line, on one line of text, no traceback."""
    with pytest.raises(PopekError) as caught:
        bound(text, "mine.py", run(text, "mine.py"), "isa", Isa)
    message = str(caught.value)
    assert message.startswith(place)
    assert "Traceback" not in message
    for words in said:
        assert words in message


def test_an_interrupt_is_not_swallowed() -> None:
    """Ctrl-C in a user's file is Ctrl-C."""
    with pytest.raises(KeyboardInterrupt):
        run("raise KeyboardInterrupt", "mine.py")


def test_what_a_text_prints_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A user's print does not spoil a JSON answer."""
    run("print('hello')", "mine.py")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_a_text_may_define_classes_and_knows_its_file() -> None:
    """The usual things of a module work: `__file__`, data classes, postponed annotations."""
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass P:\n    x: int = 3\nisa = (P().x, __file__)\n"
    )
    assert bound(text, "mine.py", run(text, "mine.py"), "isa", tuple) == (3, "mine.py")


def test_a_text_may_add_an_instruction_of_its_own() -> None:
    """What a Python file defines is data like any other: an instruction that no shipped ISA has."""
    text = HEAD + (
        "from popek.isa.behaviour import Behaviour\nfrom popek.isa.instruction import Instruction, ra\n"
        "from popek.isa.slot import PC\n"
        "JR = Instruction('jr', 'ra', 0x70, 'Jump.', Behaviour({PC: ra}))\n"
        "isa = CLASSIC.vary('mine', jr=JR)\n"
    )
    isa = bound(text, "mine.py", run(text, "mine.py"), "isa", Isa)
    assert operand("a") in set(next(iter(isa["jr"].user.writes.values())).args)
