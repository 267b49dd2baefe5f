"""Phrases: English texts that remember how they were made, so that they can be said in another language as well.

A phrase *is* its English text. Values that hold phrases are compared, hashed, printed and written as JSON in English,
whatever language is spoken; only where a text is shown to somebody is it said in theirs (`popek.language.speaking`).
So the same value can be shown to two people.

What is put into a catalogue is found by the names of the functions here: the first argument of `say` and the first two
of `say_many` are literal texts, with named places for what varies.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, Self


class Phrase(str):
    """An English text with what a translator needs: its form, its form for many, how many, and what fills its places.

    Made from a text alone, it is that text: `Phrase(isa.title)` is what a catalogue may know a translation of.
    """

    __slots__ = ("form", "many", "number", "parts")

    form: str
    many: str
    number: int
    parts: Mapping[str, Any]

    def __new__(cls, text: str) -> Self:
        """Return the phrase that is a text as it stands."""
        if isinstance(text, cls):
            return text
        phrase = super().__new__(cls, text)
        phrase.form, phrase.many, phrase.number, phrase.parts = str(text), "", 1, {}
        return phrase

    def __add__(self, other: str) -> "Phrase":
        """Return the phrase and what follows it, each of which is said for itself."""
        return _beside(self, other)

    def __radd__(self, other: str) -> "Phrase":
        """Return the phrase and what goes before it."""
        return _beside(other, self)


class Aside(Phrase):
    """A sentence said inside another: in any language without its full stop, in English without its capital letter."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the aside that a sentence is."""
        plain = text.rstrip(".")
        aside = super().__new__(cls, plain[:1].lower() + plain[1:] if plain[1:2].islower() else plain)
        aside.form = str(text)
        return aside


_BESIDE = "{left}{right}"


def _beside(left: str, right: str) -> Phrase:
    return say(_BESIDE, left=left, right=right)


def say(form: str, /, **parts: Any) -> Phrase:
    """Return a phrase: a literal text, `str.format` filling its named places if there are any."""
    if not parts:
        return Phrase(form)
    phrase = Phrase(form.format(**parts))
    phrase.form, phrase.parts = form, parts
    return phrase


def say_many(one: str, many: str, count: int, /, **parts: Any) -> Phrase:
    """Return a phrase that has another form for many things than for one; `{count}` is how many."""
    phrase = say(one if count == 1 else many, count=count, **parts)
    phrase.form, phrase.many, phrase.number = one, many, count
    return phrase


def listed(items: Iterable[str]) -> Phrase:
    """Return items in a row, with commas between them."""
    return _row(items, lambda left, right: say("{left}, {right}", left=left, right=right))


def both(items: Iterable[str]) -> Phrase:
    """Return items in a row, with "and" between them."""
    return _row(items, lambda left, right: say("{left} and {right}", left=left, right=right))


def in_turn(items: Iterable[str]) -> Phrase:
    """Return clauses one after another, with semicolons between them."""
    return _row(items, lambda left, right: say("{left}; {right}", left=left, right=right))


def in_sequence(*sentences: str) -> Phrase:
    """Return sentences that follow one another; empty ones are left out."""
    return _row(filter(None, sentences), lambda left, right: say("{left} {right}", left=left, right=right))


def one_below_another(items: Iterable[str], between: str = "\n") -> Phrase:
    """Return items on lines of their own."""
    return _row(items, lambda left, right: Phrase(_beside(left, between)) + right)


_ALONE = "{item}"


def _row(items: Iterable[str], between: Callable[[str, str], Phrase]) -> Phrase:
    """Return items in a row. One that is no phrase is a name, and stays what it is in any language."""
    found = list(items)
    if len(found) < 2:
        return say(_ALONE, item=found[0]) if found else Phrase("")
    return Phrase(reduce(between, found))
