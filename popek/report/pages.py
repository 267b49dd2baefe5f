"""A report: verdicts as one HTML file that needs nothing else, with a table to sort, to filter and to open.

The page is a template with a style and a script of its own; the verdicts go into it as JSON, and a policy in it forbids
to load anything from anywhere.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files as packaged
from pathlib import Path
from typing import Any

from attrs import frozen

from popek import files
from popek.language.phrase import Phrase
from popek.language.speaking import ENGLISH, language, told
from popek.language.words import WORDS
from popek.prove.values import Verdict
from popek.report.answer import json_text
from popek.shown import Shown

_PARTS = {"/*STYLE*/": "page.css", "/*SCRIPT*/": "page.js"}
_DATA, _WORDS = "/*DATA*/", "/*WORDS*/"

_IN_TEMPLATE = re.compile(r"\[\[(.+?)\]\]")
_IN_SCRIPT = re.compile(r'\bsay\(\s*"([^"]+)"')
"""How a sentence that readers see is marked: in double brackets in the template, as what is said in the script."""


@frozen
class Written(Shown):
    """A report that has been written: its file, how large it is in bytes, and which ISAs are in it."""

    file: str
    size: int
    isas: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"file": self.file, "bytes": self.size, "isas": list(self.isas)}


def said() -> tuple[str, ...]:
    """Return the sentences that a page has of its own, each to be found in a catalogue."""
    in_template = (s for s in _IN_TEMPLATE.findall(_part("page.html")) if s != ENGLISH)
    return tuple(dict.fromkeys((*in_template, *_IN_SCRIPT.findall(_part("page.js")))))


def page(verdict: Verdict) -> str:
    """Return verdicts as a page of HTML, in the language that is spoken. The data in it is the same in all of them.

    What a reader sees of the data is looked up by the script, in a table that is empty in English.
    """
    text = _IN_TEMPLATE.sub(lambda m: escape(_told(m[1])), _part("page.html"))
    for place, name in _PARTS.items():
        text = text.replace(place, _part(name).strip())
    # In a script element nothing can end it but its own end tag, and a comment could hide that.
    data = verdict.to_dict()
    words = json.dumps(_words(data), ensure_ascii=False).replace("<", "\\u003c")
    return text.replace(_WORDS, words).replace(_DATA, json_text("verdict", data, ok=True).replace("<", "\\u003c"))


def _told(sentence: str) -> str:
    return language() if sentence == ENGLISH else told(Phrase(sentence))


def _words(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what is told otherwise than in English, of the page's sentences and of what is in the data."""
    if language() == ENGLISH:
        return {}
    found = {str(p): told(p) for p in (*map(Phrase, said()), *WORDS, *_phrases(data))}
    return {english: other for english, other in found.items() if other != english}


def _phrases(data: Any) -> Iterator[Phrase]:
    if isinstance(data, Phrase):
        yield data
    elif isinstance(data, Mapping):
        yield from (p for value in data.values() for p in _phrases(value))
    elif isinstance(data, list | tuple):
        yield from (p for value in data for p in _phrases(value))


def write(verdict: Verdict, path: str | Path) -> Written:
    """Write verdicts as a page to a file, all of it or, with a `PopekError`, nothing."""
    text = page(verdict)
    files.write_text(path, text)
    return Written(str(path), len(text.encode("utf-8")), tuple(i.name for i in verdict.isas))


def _part(name: str) -> str:
    return packaged("popek.report").joinpath("page", name).read_text("utf-8")
