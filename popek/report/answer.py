"""Answers as JSON: one object with its schema's name, popek's version, and whether all is well."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from popek import __version__


def envelope(command: str, answer: Mapping[str, Any], *, ok: bool) -> dict[str, Any]:
    """Return an answer with what every answer has."""
    return {"schema": f"popek.{command}/1", "popek": __version__, "ok": ok, **answer}


def json_text(command: str, answer: Mapping[str, Any], *, ok: bool) -> str:
    """Return an answer as JSON, in ASCII: no stream can fail to encode it."""
    return json.dumps(envelope(command, answer, ok=ok), indent=2) + "\n"


@cache
def schema(command: str) -> Mapping[str, Any]:
    """Return the JSON schema of a command's answer."""
    text = files("popek.report").joinpath("schemas", f"{command}.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found
