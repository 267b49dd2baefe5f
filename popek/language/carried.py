"""Phrases as JSON, for another process that is to say them: what they are made of, and not their English text alone."""

from collections.abc import Mapping
from typing import Any

from popek.language.phrase import Aside, Phrase, say, say_many

Carried = str | dict[str, Any]


def carried(text: str) -> Carried:
    """Return a text as JSON can hold it. What is no phrase is its text, and is said as it is in any language."""
    if isinstance(text, Aside):
        return {"aside": text.form}
    if not isinstance(text, Phrase):
        return text
    parts = {name: carried(part) if isinstance(part, str) else part for name, part in text.parts.items()}
    return {"form": text.form, "many": text.many, "number": text.number, "parts": parts}


def arrived(value: Carried) -> str:
    """Return the text that was carried: a phrase, if it was one."""
    if isinstance(value, str):
        return value
    if "aside" in value:
        return Aside(value["aside"])
    given: Mapping[str, Any] = value["parts"]
    parts = {name: arrived(part) if isinstance(part, str | dict) else part for name, part in given.items()}
    if not value["many"]:
        return say(value["form"], **parts)
    count = int(given["count"])
    return say_many(value["form"], value["many"], count, **{n: p for n, p in parts.items() if n != "count"})
