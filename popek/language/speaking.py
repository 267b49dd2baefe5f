"""What language is spoken, and what a text is in it. It is English until somebody asks for another.

This is the one thing in the package that is global: who looks at values decides it, and not who makes them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from popek.language.phrase import Aside, Phrase

if TYPE_CHECKING:
    from popek.language.catalogue import Catalogue

ENGLISH, CHINESE = "en", "zh-TW"

LANGUAGES = (ENGLISH, CHINESE)
"""The languages, by their tags: English, and Traditional Chinese as it is written in Taiwan."""

_spoken: "list[Catalogue]" = []
"""The catalogue of the language that is spoken, last; none for English."""

_read: "dict[str, Catalogue]" = {}


def known(tag: str) -> str | None:
    """Return the language that a tag means, however it is written: zh-TW, zh_tw; nothing if it is none of them."""
    plain = tag.strip().replace("_", "-").casefold()
    return next((name for name in LANGUAGES if name.casefold() == plain), None)


def speak(tag: str) -> None:
    """Speak a language from now on: what is shown in a terminal and in notebooks is in it; JSON stays English.

    Raises `ValueError` if there is no such language.
    """
    name = known(tag)
    if name is None:
        raise ValueError(f"popek does not speak `{tag}`; it speaks {', '.join(LANGUAGES)}")
    _spoken[:] = [] if name == ENGLISH else [_catalogue(name)]


def _catalogue(tag: str) -> "Catalogue":
    from popek.language.catalogue import read  # noqa: PLC0415 - who speaks English waits for no catalogue

    if tag not in _read:
        _read[tag] = read(tag)
    return _read[tag]


def language() -> str:
    """Return the tag of the language that is spoken."""
    return _spoken[-1].tag if _spoken else ENGLISH


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Speak a language for a while."""
    before = language()
    speak(tag)
    try:
        yield
    finally:
        speak(before)


def told(text: str) -> str:
    """Return a text in the language that is spoken; as it is, unless it is a phrase."""
    if not _spoken or not isinstance(text, Phrase):
        return str(text)
    return _translated(text, _spoken[-1])


def _translated(phrase: Phrase, catalogue: "Catalogue") -> str:
    if isinstance(phrase, Aside):
        return catalogue.get(phrase.form).rstrip(".\N{IDEOGRAPHIC FULL STOP}")
    if not phrase.parts:
        return catalogue.get(phrase.form)
    parts = {name: _part(value) for name, value in phrase.parts.items()}
    if phrase.form in catalogue.told:
        return catalogue.filled(catalogue.get(phrase.form), parts)
    return catalogue.filled(phrase.many if phrase.many and phrase.number != 1 else phrase.form, parts)


def _part(value: Any) -> Any:
    return told(value) if isinstance(value, str) else value
