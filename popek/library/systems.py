"""The systems of history, to be listed or shown: which structure, which technique, on what."""

from typing import Any

from attrs import frozen

from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import say
from popek.library.systems_table import SYSTEMS, System
from popek.shown import Shown


@frozen
class ShownSystem(Shown):
    """One system, to be shown with what it did and who says so."""

    system: System

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"systems": [_row(self.system)]}


@frozen
class SystemList(Shown):
    """Systems by year."""

    systems: tuple[System, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"systems": [_row(s) for s in self.systems]}


def _row(one: System) -> dict[str, Any]:
    return {
        "name": one.name,
        "year": one.year,
        "structure": one.structure,
        "technique": one.technique,
        "isas": list(one.isas),
        "how": one.how,
        "but": one.but or None,
        "sources": list(one.sources),
    }


def systems(name: str | None = None) -> SystemList | ShownSystem:
    """Return the systems that popek tells of, by year; or one, by its name or the beginning of it, in whatever case."""
    return SystemList(SYSTEMS) if name is None else ShownSystem(_named(name))


def _named(name: str) -> System:
    wanted = name.casefold()
    exact = [s for s in SYSTEMS if s.name.casefold() == wanted]
    found = exact or [s for s in SYSTEMS if wanted and s.name.casefold().startswith(wanted)]
    if not found:
        hint = nearest(name, [s.name for s in SYSTEMS]) or say("`popek systems` lists them")
        raise PopekError(Problem(say("there is no system `{name}`", name=name), hint=hint))
    if len(found) > 1:
        several = ", ".join(f"`{s.name}`" for s in found)
        raise PopekError(
            Problem(say("`{name}` may be several systems", name=name), hint=say("there are {several}", several=several))
        )
    return found[0]
