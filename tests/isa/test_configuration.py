"""Configuring an ISA: from TOML, from flags and from Python the same; what is wrong is told with its place."""

import pytest

from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.configuration import Expectation, configure, parse
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS
from popek.python_file import bound, run

BASIC = """\
name = "my-cpu"
extends = "classic"
title = "A cpu of my own"
doc = "Two holes."
[user]
jsu = "executes"
setie = "ignored"
add = "traps"
"""

EXPECTING = """\
[expect]
theorem-1 = false
theorem-3 = true
critical = ["jsu", "setie"]
user-sensitive = []
[expect.trap-and-emulate]
equivalence = false
resource-control = true
"""

PYTHON = """\
from popek.isa.classic import CLASSIC
from popek.isa.instruction import EXECUTES, IGNORED, TRAPS

isa = CLASSIC.vary("my-cpu", jsu=EXECUTES, setie=IGNORED, add=TRAPS)
"""


def users(isa: Isa) -> dict[str, object]:
    """Return what every instruction does in user mode."""
    return {i.name: i.user for i in isa.instructions}


def refused(text: str) -> str:
    """Return how a TOML text is refused, as the user sees it."""
    with pytest.raises(PopekError) as caught:
        parse(text, "mine.toml")
    return str(caught.value)


def test_flags_toml_and_python_say_the_same() -> None:
    """A variant has the same user-mode behaviours whichever way it is given."""
    by_flags = configure(CLASSIC, execute=["jsu"], ignore=["setie"], trap=["add"])
    by_toml, _ = parse(BASIC, "mine.toml")
    by_python = bound(PYTHON, "mine.py", run(PYTHON, "mine.py"), "isa", Isa)
    by_delta = CLASSIC.vary("my-cpu", jsu=EXECUTES, setie=IGNORED, add=TRAPS)
    assert users(by_flags) == users(by_toml) == users(by_python) == users(by_delta)
    assert users(by_flags) != users(CLASSIC)


def test_a_file_names_and_describes_its_isa() -> None:
    """Name, title and doc are the file's; without a name it is the caller's."""
    isa, expected = parse(BASIC, "mine.toml")
    assert (isa.name, isa.title, isa.doc, isa.extends) == ("my-cpu", "A cpu of my own", "Two holes.", "classic")
    assert expected is None
    assert parse("doc = 'no name'", "dir/mine.toml", name="mine")[0].name == "mine"
    assert parse("doc = 'no name'", "dir/classic.toml", name="classic")[0].name == "dir/classic.toml"


def test_what_a_file_does_not_mention_is_as_in_what_it_extends() -> None:
    """A file is a delta: all else comes from its base, which is `classic` unless it says otherwise."""
    isa, _ = parse('extends = "POPF"\n[user]\njsu = "executes"', "mine.toml")
    popf = shipped.find("popf")
    assert popf
    assert users(isa) == {**users(popf), "jsu": isa["jsu"].user}
    assert parse("[user]\nadd = 'traps'", "mine.toml")[0].extends == "classic"


def test_an_expectation_is_read_as_it_is_written() -> None:
    """What is not mentioned is not expected; names are spelled as in JSON answers."""
    _, expected = parse(BASIC + EXPECTING, "mine.toml")
    assert expected == Expectation(
        theorems={1: False, 3: True},
        classes={"critical": frozenset({"jsu", "setie"}), "user_sensitive": frozenset()},
        properties={"trap-and-emulate": {"equivalence": False, "resource_control": True}},
    )


BAD_TOML = [
    # what, the text, the place, what must be said
    ("nothing", "", "mine.toml: ", ["sets nothing", "popek isa classic --toml"]),
    ("only comments", "# jsu\n\n", "mine.toml: ", ["sets nothing"]),
    ("no TOML", "hello\n", "mine.toml:1:6: ", ["not TOML"]),
    ("no TOML, a machine's bytes", "\x7fELF\x02", "mine.toml:1:1: ", ["not TOML"]),
    ("cut in a string", 'name = "x', "mine.toml:1:10: ", ["not TOML", "Unterminated"]),
    ("cut in a header", "[user", "mine.toml:1:6: ", ["not TOML"]),
    ("cut in an array", "[expect]\ncritical = [", "mine.toml:2:13: ", ["not TOML"]),
    ("no quotes", "[user]\njsu = executes", "mine.toml:2:7: ", ['"executes"', "^^^^^^^^"]),
    ("a key twice", "[user]\njsu = 'traps'\n  jsu = 'traps'\n", "mine.toml:3:3: ", ["already", "only once"]),
    ("a table twice", "[user]\n[expect]\n[user]\n", "mine.toml:3:1: ", ["already"]),
    ("nested deeply", "name = " + "[" * 20_000, "mine.toml: ", ["nested too deeply"]),
    ("a number too long", "name = " + "1" * 5_000, "mine.toml: ", ["not TOML"]),
    ("a key nobody knows", "nme = 'x'", "mine.toml:1:1: ", ["`nme`", "did you mean `name`", "^^^"]),
    ("a table nobody knows", "[usr]\njsu = 'traps'", "mine.toml:1:2: ", ["`usr`", "did you mean `user`"]),
    ("a mode nobody knows", "[supervisor]\n", "mine.toml:1:2: ", ["`supervisor`"]),
    ("an instruction outside", "jsu = 'executes'", "mine.toml:1:1: ", ["`jsu`", "[user]"]),
    ("an escape in a key", '"\\u001b[31m" = 1', "mine.toml:1:1: ", ["`\\x1b[31m`"]),
    ("a name that is a number", "name = 3", "mine.toml:1:8: ", ["takes a text", "the number 3"]),
    ("a name that is an array", "name = ['a']", "mine.toml:1:8: ", ["takes a text", "an array"]),
    ("a name that is a date", "name = 1974-07-01", "mine.toml:1:8: ", ["takes a text", "a date"]),
    ("an empty name", "name = ''", "mine.toml:1:8: ", ["some text on one line"]),
    ("a name that is taken", "name = 'classic'", "mine.toml:1:8: ", ["shipped", '"my-classic"', "^^^^^^^^^"]),
    ("an alias that is taken", "name = 'IA-32'", "mine.toml:1:8: ", ["`IA-32`", "shipped"]),
    ("a name of two lines", "name = '''a\nb'''", "mine.toml:1:8: ", ["some text on one line"]),
    ("a title that is a truth", "title = true", "mine.toml:1:9: ", ["takes a text", "the boolean true"]),
    ("a doc that is a table", "[doc]\nx = 1", "mine.toml:1:2: ", ["takes a text", "a table"]),
    ("a base that is a number", "extends = 1.5", "mine.toml:1:11: ", ["takes a text", "1.5"]),
    ("a base nobody knows", "extends = 'clasic'", "mine.toml:1:11: ", ["`clasic`", "did you mean `classic`"]),
    ("an empty base", "extends = ''", "mine.toml:1:11: ", ["no ISA ``", "popek isa"]),
    ("a user that is a text", "user = 'traps'", "mine.toml:1:8: ", ["takes a table", "[user]"]),
    ("a user that is many tables", "[[user]]\njsu = 'traps'", "mine.toml:1:3: ", ["takes a table", "an array"]),
    ("no such instruction", "[user]\njus = 'traps'", "mine.toml:2:1: ", ["`jus`", "did you mean `jsu`"]),
    ("a capital", "[user]\nJSU = 'traps'", "mine.toml:2:1: ", ["`JSU`", "did you mean `jsu`"]),
    ("no such behaviour", "[user]\njsu = 'trap'", "mine.toml:2:7: ", ['"trap"', "did you mean `traps`", "^^^^^^"]),
    ("a behaviour shouted", "[user]\njsu = 'TRAPS'", "mine.toml:2:7: ", ["did you mean `traps`"]),
    (
        "a truth as behaviour",
        "[user]\njsu = true",
        "mine.toml:2:7: ",
        ['"traps", "executes", "ignored"', "boolean true"],
    ),
    ("an array as behaviour", "[user]\njsu = ['traps']", "mine.toml:2:7: ", ["an array"]),
    ("a dotted key", "[user]\njsu.mode = 'traps'", "mine.toml:2:1: ", ["a table"]),
    ("an expectation that is a list", "expect = ['jsu']", "mine.toml:1:10: ", ["takes a table"]),
    ("no such expectation", "[expect]\ntheorem-4 = true", "mine.toml:2:1: ", ["`theorem-4`", "did you mean `theorem-"]),
    ("a theorem that is a word", "[expect]\ntheorem-1 = 'yes'", "mine.toml:2:13: ", ["takes a boolean", '"yes"']),
    ("a theorem that is 1", "[expect]\ntheorem-1 = 1", "mine.toml:2:13: ", ["takes a boolean", "the number 1"]),
    ("a class that is a text", "[expect]\ncritical = 'jsu'", "mine.toml:2:12: ", ["takes an array"]),
    ("a member that is no text", "[expect]\ncritical = ['jsu', 3]", "mine.toml:2:20: ", ["array of texts", "number 3"]),
    (
        "a member nobody knows",
        "[expect]\ncritical = ['jsu',\n 'jus']",
        "mine.toml:3:2: ",
        ["`jus`", "did you mean `jsu`"],
    ),
    ("no such monitor", "[expect.hybird]\nefficiency = true", "mine.toml:1:9: ", ["`hybird`", "did you mean `hybrid`"]),
    ("no such property", "[expect.hybrid]\nspeed = true", "mine.toml:2:1: ", ["`speed`", "`efficiency`"]),
    ("a property that is a word", "[expect.hybrid]\nefficiency = 'x'", "mine.toml:2:14: ", ["takes a boolean"]),
    ("a monitor that is a truth", "[expect]\nhybrid = true", "mine.toml:2:10: ", ["takes a table", "[expect.hybrid]"]),
]


@pytest.mark.parametrize(("text", "place", "said"), [b[1:] for b in BAD_TOML], ids=[b[0] for b in BAD_TOML])
def test_a_bad_text_is_one_clear_error_with_its_place(text: str, place: str, said: list[str]) -> None:
    """Whatever is wrong in a TOML text: one `PopekError`, the place first, and what to do about it."""
    message = refused(text)
    assert message.startswith(place)
    for words in said:
        assert words in message


def test_several_problems_are_told_in_one_go_in_the_order_of_the_text() -> None:
    """Whoever made three mistakes learns of three, once each."""
    text = 'extnds = "classic"\n[user]\njsu = "trap"\n[expect]\ncritical = ["x", "x"]\nfoo = 1\n'
    with pytest.raises(PopekError) as caught:
        parse(text, "mine.toml")
    lines = [p.place.line for p in caught.value.problems if p.place]
    assert lines == [1, 3, 5, 6]


def test_very_many_problems_end_early() -> None:
    """A file of the wrong kind does not flood the terminal."""
    message = refused("".join(f"k{i} = {i}\n" for i in range(50_000)))
    assert message.count("there is no key") == 20
    assert "there may be more" in message


def test_the_caret_stands_under_what_is_wrong() -> None:
    """The line is shown as it is in the file, and the caret is as long as the value."""
    assert refused("[user]\n\tjsu  =  'nope' # why").splitlines()[1:3] == [
        "     jsu  =  'nope' # why",
        "             ^^^^^^",
    ]


def test_a_line_too_long_is_not_shown() -> None:
    """A huge line is named by its place, and not printed."""
    message = refused(f"name = 3 # {'x' * 100_000}")
    assert message.startswith("mine.toml:1:8: ")
    assert len(message) < 300


def test_flags_name_what_they_did_in_a_fixed_order() -> None:
    """The result's name is canonical: the same for every order in which the flags were given."""
    one = configure(CLASSIC, ignore=["setie", "getie"], trap=["add"], execute=["jsu, halt"])
    two = configure(CLASSIC, trap=["add", "add"], execute=["halt,jsu"], ignore=["getie,setie"])
    assert one.name == two.name == "classic --execute halt,jsu --ignore getie,setie --trap add"
    assert users(one) == users(two)
    assert (one["jsu"].in_user, one["getie"].in_user, one["add"].in_user) == (EXECUTES, IGNORED, TRAPS)


def test_no_flags_change_nothing() -> None:
    """Without flags the ISA is the very same."""
    assert configure(CLASSIC) is CLASSIC


BAD_FLAGS: list[tuple[dict[str, list[str]], str, list[str]]] = [
    ({"execute": ["jus"]}, "--execute", ["`jus`", "did you mean `jsu`"]),
    ({"ignore": ["setie,sttimer"]}, "--ignore:7", ["`sttimer`", "did you mean `settimer`", "^^^^^^^"]),
    ({"trap": ["JSU"]}, "--trap", ["did you mean `jsu`"]),
    ({"trap": [""]}, "--trap", ["a name is missing"]),
    ({"execute": ["jsu,,halt"]}, "--execute:5", ["a name is missing"]),
    ({"execute": ["jsu,"]}, "--execute:5", ["a name is missing"]),
    ({"execute": ["jsu halt"]}, "--execute", ["`jsu halt`"]),
    ({"execute": ["\x1b[31m"]}, "--execute", ["`\\x1b[31m`"]),
    ({"execute": ["jsu"], "ignore": ["halt,jsu"]}, "--ignore:6", ["`jsu` is given to --execute and to --ignore"]),
    ({"execute": ["in"], "trap": ["in"]}, "--trap", ["leave one out"]),
]


@pytest.mark.parametrize(("flags", "place", "said"), BAD_FLAGS, ids=[str(b[0]) for b in BAD_FLAGS])
def test_a_bad_flag_is_one_clear_error(flags: dict[str, list[str]], place: str, said: list[str]) -> None:
    """A name that does not exist, or is given twice, is told with the flag that it was given to."""
    with pytest.raises(PopekError) as caught:
        configure(CLASSIC, **flags)
    message = str(caught.value)
    assert message.startswith(place)
    for words in said:
        assert words in message
    assert len(caught.value.problems) == 1
