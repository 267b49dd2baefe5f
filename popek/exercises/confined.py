"""A student's Python file, graded in a process of its own with limits on time, memory and what it may write.

The limits stop what is endless or greedy. They are no sandbox: the file is code and runs with the grader's rights.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from attrs import asdict, astuple

import popek
from popek.errors import Place, PopekError, Problem
from popek.exercises.graded import Item
from popek.language.carried import arrived, carried
from popek.language.phrase import listed, say
from popek.language.words import word
from popek.library import naming, proving
from popek.library.naming import Changes
from popek.library.required import PROPERTIES, Grade
from popek.prove.values import Status

SECONDS = 60
MEMORY = 4 << 30
"""Bytes of address space."""

WRITTEN = 1 << 20
"""Bytes that a file may grow to."""

WANTED = PROPERTIES
"""What a monitor has to keep up: the paper's three properties, and isolation."""

BAD_INPUT = 2


def monitor_items(file: str, isa: str, changes: Changes) -> tuple[Item, ...]:
    """Prove the properties of the monitor in a .py file for a changed ISA; raise `PopekError` if it is none."""
    root = str(Path(popek.__file__).parents[1])
    path = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)
    command = [sys.executable, "-m", "popek.exercises.confined", file, isa, json.dumps(astuple(changes))]
    try:
        done = subprocess.run(  # noqa: S603 - this module, and the file that the user named
            command,
            env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return (_stopped(say("stopped after {seconds} seconds", seconds=SECONDS)),)
    if done.returncode == BAD_INPUT:
        raise PopekError(*map(_problem, json.loads(done.stdout.decode("utf-8"))))
    if done.returncode != 0:
        return (_stopped(say("stopped: it needs more time or memory than it is given, or ends the process")),)
    answers = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    return tuple(map(_item, answers))


def _item(told: dict[str, Any]) -> Item:
    what, given, grade, says = (arrived(told[name]) for name in ("what", "given", "grade", "says"))
    return Item(what, given, Grade(str(grade)), says)


def _told(problem: Problem) -> dict[str, Any]:
    place = asdict(problem.place) if problem.place else None
    return {"message": carried(problem.message), "place": place, "hint": carried(problem.hint)}


def _problem(told: dict[str, Any]) -> Problem:
    place = Place(**told["place"]) if told["place"] else None
    return Problem(arrived(told["message"]), place, arrived(told["hint"]))


def _stopped(says: str) -> Item:
    return Item(say("the file"), "", Grade.NOT_MET, says)


def _limit() -> None:
    """Limit this process, where the platform can."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, WRITTEN)):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _items(file: str, isa: str, changes: Changes) -> list[Item]:
    on = naming.chosen(isa, changes).isa
    decided = proving.verdict(on, monitor=naming.monitor(file, on)).isas[0].monitors[0]
    found = []
    for name in WANTED:
        verdict = getattr(decided, name.replace("-", "_"))
        grade = {Status.PROVED: Grade.MET, Status.REFUTED: Grade.NOT_MET}.get(verdict.status, Grade.OPEN)
        blame: str = verdict.reason
        if verdict.blame:
            blame = say("{blame}: {reason}", blame=listed(verdict.blame), reason=verdict.reason)
        says = blame or say("for all guests and all states")
        found.append(Item(word(name.replace("-", " ")), word(verdict.status.value), grade, says))
    return found


def main(file: str, isa: str, changes: str) -> int:
    """Grade a file inside the limits; print the marks, or what is wrong with the file, as JSON."""
    _limit()
    try:
        items = _items(file, isa, Changes(*map(tuple, json.loads(changes))))
        answer = [{name: carried(value) for name, value in i.to_dict().items()} for i in items]
    except PopekError as error:
        sys.stdout.write(json.dumps([_told(p) for p in error.problems]) + "\n")
        return BAD_INPUT
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
