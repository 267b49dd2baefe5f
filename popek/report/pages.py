"""A report: verdicts as one HTML file that needs nothing else, with a table to sort, to filter and to open.

The page is a template with a style and a script of its own; the verdicts go into it as JSON, and a policy in it forbids
to load anything from anywhere.
"""

from importlib.resources import files as packaged
from pathlib import Path
from typing import Any

from attrs import frozen

from popek import files
from popek.prove.values import Verdict
from popek.report.answer import json_text
from popek.shown import Shown

_PARTS = {"/*STYLE*/": "page.css", "/*SCRIPT*/": "page.js"}
_DATA = "/*DATA*/"


@frozen
class Written(Shown):
    """A report that has been written: its file, how large it is in bytes, and which ISAs are in it."""

    file: str
    size: int
    isas: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"file": self.file, "bytes": self.size, "isas": list(self.isas)}


def page(verdict: Verdict) -> str:
    """Return verdicts as a page of HTML."""
    text = _part("page.html")
    for place, name in _PARTS.items():
        text = text.replace(place, _part(name).strip())
    # In a script element nothing can end it but its own end tag, and a comment could hide that.
    return text.replace(_DATA, json_text("verdict", verdict.to_dict(), ok=True).replace("<", "\\u003c"))


def write(verdict: Verdict, path: str | Path) -> Written:
    """Write verdicts as a page to a file, all of it or, with a `PopekError`, nothing."""
    text = page(verdict)
    files.write_text(path, text)
    return Written(str(path), len(text.encode("utf-8")), tuple(i.name for i in verdict.isas))


def _part(name: str) -> str:
    return packaged("popek.report").joinpath("page", name).read_text("utf-8")
