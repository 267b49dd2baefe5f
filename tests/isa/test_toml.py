"""TOML with places: every value is found where it is written, and what is no TOML is refused."""

import random
import tomllib

import pytest

from popek.errors import PopekError
from popek.isa.toml import bare, place_at, printable, quoted, read

PLACES = [
    ('a = "x"', ("a",), "f:1:5"),
    ('# a = 1\n[t]\n# ]\n a . "b\\u0041" = [ 1, # ]\n "]", {q = 1, r = [2]} ]', ("t", "a", "bA", 2, "r", 0), "f:5:20"),
    ("a = '''x\n[t]\n'''\n[t]\nb = 1\n", ("t", "b"), "f:5:5"),
    ('a = """x\\"""\nb = 1\n"""""\nb = 2\n', ("b",), "f:4:5"),
    ("a = 1979-05-27 07:32:00 # x\nb={c.d=1,e=-inf}\r\nf=+1_0", ("b", "e"), "f:2:12"),
    ("[a.b]\n[a.b.c]\nd = []\n[[x]]\ny=1\n", ("a", "b", "c", "d"), "f:3:5"),
    ("[a.b]\n", ("a",), "f:1:2"),
]


@pytest.mark.parametrize(("text", "path", "place"), PLACES, ids=[p[0] for p in PLACES])
def test_every_value_is_found_where_it_is_written(text: str, path: tuple[str | int, ...], place: str) -> None:
    """Comments, strings of several lines, inline tables and dotted keys do not mislead the scanner."""
    assert str(read(text, "f").value(*path)) == place


def test_a_place_counts_from_one() -> None:
    """The first character of a text is in line 1, column 1; its place shows the line."""
    place = place_at("f", "ab\ncd", 4, 99)
    assert (place.line, place.column, place.text, place.length) == (2, 2, "cd", 1)


PIECES = (
    "a", "b.c", '"q k"', "'l'", "=", " ", "[", "]", "[[", "]]", "{", "}", ",", "1", '"x"', "'''", "#c", "-inf", '"',
    "[t]", "1979-05-27", 'z = {a = 1, b = "}"}', 's = """x', "\n", "\n", "k = 'v'\n",
)  # fmt: skip


def test_the_scanner_is_never_lost() -> None:
    """Pieces of TOML in any order are read with their places, or refused with one: there is no third way."""
    draw = random.Random(0)  # noqa: S311 - no secret
    read_well = 0
    for _ in range(5_000):
        text = "".join(draw.choice(PIECES) for _ in range(draw.randint(1, 8)))
        try:
            document = read(text, "f")
        except PopekError:
            continue
        read_well += 1
        assert document.data == tomllib.loads(text)
        assert all(document.key(k).line for k in document.data)
    assert read_well > 100


@pytest.mark.parametrize("text", ["", "jsu", "a b", 'a"b', "a\\b", "\x7f\n\x1b", "h\u00f6\U0001f600", "-_9"])
def test_what_is_quoted_reads_back(text: str) -> None:
    """A text as key and as value reads back as itself, whatever is in it."""
    assert read(f"{bare(text)} = {quoted(text)}", "f").data == {text: text}


def test_what_is_printed_is_short_and_prints() -> None:
    """No text of a user's moves the cursor or fills the screen."""
    assert printable("a\x1b[31m\n\u202e") == "a\\x1b[31m\\n\\u202e"
    assert len(printable("x" * 10_000)) < 100
