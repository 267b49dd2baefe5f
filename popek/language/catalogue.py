"""Catalogues: translations in gettext's own format, a `.po` file for each language beside this module.

They are read as they are written, so there is nothing to compile and nothing that could be out of date; to read the
longest takes a few hundredths of a second, and only who asks for another language waits for it. What is read is what
catalogues here consist of: `msgid`, `msgid_plural`, `msgstr` and `msgstr[N]`, in one line or in several, and comments.
The suite holds the reader against Babel's.
"""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from string import Formatter
from typing import Any

from attrs import frozen

_ENTRY = re.compile(
    r'^msgid (?P<one>"[^\n]*"(?:\n"[^\n]*")*)\n'
    r'(?:msgid_plural (?P<many>"[^\n]*"(?:\n"[^\n]*")*)\n)?'
    r'msgstr(?:\[0\])? (?P<told>"[^\n]*"(?:\n"[^\n]*")*)',
    re.MULTILINE,
)


@frozen
class Catalogue:
    """A language's name for itself, and what it makes of each English form. It has no form of its own for many."""

    tag: str
    told: Mapping[str, str]

    def get(self, form: str) -> str:
        """Return the translation of a form; the form itself, where there is none."""
        return (self.told.get(form) or form) if form else ""

    def filled(self, form: str, parts: Mapping[str, Any]) -> str:
        """Return a form with its places filled, with a space where that makes Chinese and Latin characters meet.

        A translation has the space where it knows what fills a place; a place may hold either. What fills it stays as
        it is: it may be the name of somebody's file.
        """
        made = ""
        for literal, name, spec, how in _FORMATTER.parse(form):
            made = _beside(made, literal)
            if name is not None:
                value = _FORMATTER.convert_field(parts[name], how)
                made = _beside(made, format(value, spec or ""))
        return made


_FORMATTER = Formatter()
_SEAM = re.compile("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u4e00-\u9fff]")


def _beside(left: str, right: str) -> str:
    return f"{left} {right}" if _SEAM.match(left[-1:] + right[:1]) else left + right


def read(tag: str) -> Catalogue:
    """Return the catalogue of a language that comes with popek."""
    return parsed(tag, files("popek.language").joinpath(f"{tag}.po").read_text("utf-8"))


def parsed(tag: str, text: str) -> Catalogue:
    """Return the catalogue that a `.po` file's text is."""
    told = {_joined(m["one"]): _joined(m["told"]) for m in _ENTRY.finditer(text)}
    told.pop("", None)
    return Catalogue(tag, told)


def _joined(lines: str) -> str:
    """Return the text of one or more quoted lines, whose escapes are those of JSON."""
    return "".join(json.loads(line) for line in lines.split("\n"))
