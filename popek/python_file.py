"""A Python text that binds `isa`, or something else that is data: run, and asked for what it binds.

Such a text is code. It runs with the rights of whoever runs popek; run only what you would run as a program. Whatever
goes wrong in it is one `PopekError` at the user's own line, without a traceback.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from itertools import islice
from types import ModuleType, TracebackType
from typing import TypeVar

from attrs import evolve

from popek.errors import Place, PopekError, Problem, nearest, one_of
from popek.isa.toml import place_at, printable
from popek.language.phrase import say

T = TypeVar("T")

MODULE = "popek_user_file"
"""The name that the text sees as its own while it runs."""


def run(text: str, file: str, directory: str = "") -> Mapping[str, object]:
    """Run a Python text in a module of its own and return what it binds.

    What it prints goes to standard error. It may import what lies in `directory`, after everything that is installed.
    Raise `PopekError`, at the text's own line, if it is no Python, raises, or ends the program.
    """
    try:
        code = compile(text, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise PopekError(_no_python(error, text, file)) from None
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise PopekError(Problem(say("not Python: {tell}", tell=_tell(error)), Place(file))) from None
    module = ModuleType(MODULE)
    module.__file__ = file
    with _importable(module, directory), redirect_stdout(sys.stderr):
        try:
            exec(code, module.__dict__)  # noqa: S102 - running the user's code is what this is for
        except PopekError as error:
            place = _where(error, text, file)
            problems = (p if p.place else evolve(p, place=place) for p in error.problems)
            raise PopekError(*problems) from None
        except SystemExit as error:
            hint = say("a file that popek reads binds a name, and goes on")
            raise PopekError(
                Problem(say("this ends the program: {tell}", tell=_tell(error)), _where(error, text, file), hint)
            ) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the user's code raises is told in the same way
            raise PopekError(Problem(_tell(error), _where(error, text, file), _advice(error))) from None
    return module.__dict__


def bound(text: str, file: str, names: Mapping[str, object], name: str, kind: type[T]) -> T:
    """Return what a text has bound to a name; raise `PopekError` if that is nothing or not of that kind."""
    if name not in names:
        others = [n for n, value in names.items() if isinstance(value, kind)]
        own = [n for n in names if not n.startswith("__")]
        hint = (
            say("it binds {kind} as `{other}`: add `{name} = {other}`", kind=one_of(kind), other=others[-1], name=name)
            if others
            else ""
        )
        hint = hint or (nearest(name, own) if len(own) > 12 else say("add a line `{name} = ...`", name=name))
        raise PopekError(Problem(say("this file does not bind `{name}`", name=name), Place(file), hint))
    value = names[name]
    if not isinstance(value, kind):
        lines = [m.start() for m in re.finditer(rf"^{name}\s*[:=]|^def {name}\b|^class {name}\b", text, re.MULTILINE)]
        place = place_at(file, text, lines[-1], lines[-1] + len(name)) if lines else Place(file)
        hint = say("bind the value itself: what is not data cannot be proved") if callable(value) else ""
        message = say(
            "`{name}` is {given}, and must be {kind}", name=name, given=one_of(type(value)), kind=one_of(kind)
        )
        raise PopekError(Problem(message, place, hint))
    return value


@contextmanager
def _importable(module: ModuleType, directory: str) -> Iterator[None]:
    """Let the text's classes find their module, and its imports their neighbours, while it runs."""
    before = sys.modules.get(MODULE)
    path = list(sys.path)
    sys.modules[MODULE] = module
    if directory:
        sys.path.append(directory)
    try:
        yield
    finally:
        sys.path[:] = path
        if before is None:
            sys.modules.pop(MODULE, None)
        else:
            sys.modules[MODULE] = before


def _no_python(error: SyntaxError, text: str, file: str) -> Problem:
    message = say("not Python: {name}", name=printable(error.msg, 200))
    if not error.lineno:
        return Problem(message, Place(file))
    start = _offset(text, error.lineno) + max(0, (error.offset or 1) - 1)
    same_line = error.end_lineno == error.lineno and error.end_offset and error.offset
    length = (error.end_offset or 0) - (error.offset or 0) if same_line else 1
    return Problem(message, place_at(file, text, min(start, len(text)), start + max(1, length)))


def _offset(text: str, line: int) -> int:
    return sum(len(before) + 1 for before in text.split("\n")[: line - 1])


def _where(error: BaseException, text: str, file: str) -> Place:
    """Return the innermost place in the user's own text that an exception has passed."""
    mine = [tb for tb in _chain(error.__traceback__) if tb.tb_frame.f_code.co_filename == file]
    if not mine:
        return Place(file)
    positions = mine[-1].tb_frame.f_code.co_positions()
    line, last, low, high = next(islice(positions, mine[-1].tb_lasti // 2, None), (None,) * 4)
    line = line or mine[-1].tb_lineno
    start = _offset(text, line)
    shown = text[start:].split("\n", 1)[0]
    first = _characters(shown, low or 0)
    end = _characters(shown, high) if high and last == line else len(shown)
    return place_at(file, text, start + first, start + end)


def _chain(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback:
        yield traceback
        traceback = traceback.tb_next


def _characters(line: str, octets: int) -> int:
    """Return how many characters so many bytes of a line are: Python counts its columns in bytes."""
    return len(line.encode()[:octets].decode(errors="ignore"))


def _tell(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the user's exception may be broken as well
        text = ""
    return f"{type(error).__name__}: {printable(text, 300)}" if text else type(error).__name__


def _advice(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return say(
            "`{name}` is not installed here, and is no file beside this one",
            name=printable(error.name or "?"),
        )
    return ""
