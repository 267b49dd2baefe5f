"""What several commands take: ISAs and their changes, numbers, spans, and the form of the answer."""

from collections.abc import Callable
from functools import reduce, wraps
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from popek import files
from popek.language.phrase import say
from popek.library.naming import Changes

F = TypeVar("F", bound=Callable[..., Any])


class Number(click.ParamType[int]):
    """A whole number, written 12 or 0x1f or 65_536."""

    name = "number"

    def __init__(self, least: int = 0, most: int = 10**12) -> None:
        self.least, self.most = least, most

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what help calls it."""
        del param, ctx
        return "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number that a text is, or fail."""
        number = value if isinstance(value, int) else whole(value)
        if number is None:
            self.fail(say("`{value}` is not a number; write 12 or 0x1f", value=value), param, ctx)
        if not self.least <= number <= self.most:
            self.fail(
                say("{value} is not within {least}..{most}", value=value, least=self.least, most=self.most), param, ctx
            )
        return number


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between."""

    name = "numbers"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what help calls it."""
        del param, ctx
        return "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the numbers that a text has, or fail."""
        if isinstance(value, tuple):
            return value
        return tuple(Number().convert(n, param, ctx) for n in value.split(","))


class Span(click.ParamType[tuple[int, int]]):
    """Two numbers with a colon between: an address and how many words."""

    name = "span"

    def __init__(self, form: str) -> None:
        self.form = form

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what help calls it."""
        del param, ctx
        return self.form

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return the two numbers, or fail."""
        if isinstance(value, tuple):
            return value
        first, _, second = value.partition(":")
        numbers = whole(first), whole(second)
        if numbers[0] is None or numbers[1] is None:
            self.fail(say("`{value}` is not {form}; for example 1024:256", value=value, form=self.form), param, ctx)
        return numbers[0], numbers[1]


class OneOf(click.ParamType[str]):
    """One of a few words."""

    name = "word"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word, or fail and say which there are."""
        if value not in self.words:
            self.fail(say("`{value}` is not one of {words}", value=value, words=", ".join(self.words)), param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        """Return the words that begin so."""
        del ctx, param
        return [CompletionItem(w) for w in self.words if w.startswith(incomplete)]


def whole(text: str) -> int | None:
    """Return the number that a text is; nothing if it is none, or longer than any that makes sense."""
    try:
        return int(text.strip(), 0) if len(text) <= 40 else None
    except ValueError:
        return None


def _completing(names: Callable[[], tuple[str, ...]]) -> Callable[..., list[CompletionItem[str]]]:
    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        items = [CompletionItem(n) for n in names() if n.startswith(incomplete)]
        return [*items, CompletionItem(incomplete, type="file")]

    return complete


def _isas() -> tuple[str, ...]:
    from popek.isa import shipped  # noqa: PLC0415 - only when a shell asks

    return shipped.names()


def _guests() -> tuple[str, ...]:
    from popek.guests import library  # noqa: PLC0415 - only when a shell asks

    return library.names()


def _monitors() -> tuple[str, ...]:
    from popek.vmm.rings import names  # noqa: PLC0415 - only when a shell asks

    return names()


complete_isa, complete_guest, complete_monitor = map(_completing, (_isas, _guests, _monitors))


def all_of(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Return one decorator for several, in the order in which they are written."""
    return lambda function: reduce(lambda f, d: d(f), reversed(decorators), function)


as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")

_changes = all_of(
    click.option("--execute", multiple=True, metavar="LIST", help="Let these execute in user mode."),
    click.option("--ignore", multiple=True, metavar="LIST", help="Let user mode ignore these."),
    click.option("--trap", multiple=True, metavar="LIST", help="Make these privileged."),
)


def changes(function: Callable[..., int]) -> Callable[..., int]:
    """Take changes to an ISA, each repeated or as a comma list, and hand them on as `changes`."""

    @_changes
    @wraps(function)
    def command(*, execute: tuple[str, ...], ignore: tuple[str, ...], trap: tuple[str, ...], **others: Any) -> int:
        return function(changes=Changes(execute, ignore, trap), **others)

    return command


literal = click.option("--literal", is_flag=True, help="Read the paper to the letter: any trap changes a resource.")

_moot = click.option(
    "--literal", is_flag=True, expose_value=False, help="Read the paper to the letter; nothing here depends on it."
)
"""Goes wherever an ISA goes. What a guest does, and how it is written, is the same in either reading."""

_isa = click.option("--isa", metavar="ISA", shell_complete=complete_isa, help="The ISA: a name, a .toml or a .py file.")


def isa(function: Callable[..., int]) -> Callable[..., int]:
    """Take an ISA and changes to it."""
    return _isa(changes(function))


def unread(function: Callable[..., int]) -> Callable[..., int]:
    """Take changes to an ISA, and a reading of the paper, where no class and no theorem is decided."""
    return changes(_moot(function))


def unread_isa(function: Callable[..., int]) -> Callable[..., int]:
    """Take an ISA likewise."""
    return _isa(unread(function))


_machine = all_of(
    click.option("--memory", type=Number(), help="Words of real memory (65536)."),
    click.option("--allotment", type=Span("BASE:SIZE"), help="The part of it that a virtual machine is given."),
    click.option("--input", "typed", metavar="FILE", help="What will be typed on the console."),
    click.option("--disk", metavar="FILE", help="The disk's words, in hexadecimal, as `popek asm -o` writes them."),
    click.option("--max-steps", type=Number(), help="The step budget."),
)


def machine(function: Callable[..., int]) -> Callable[..., int]:
    """Take the machine that a guest runs on, its files read, and hand it on as `machine`, ready for the library."""

    @_machine
    @wraps(function)
    def command(*, typed: str | None, disk: str | None, **others: Any) -> int:
        given = {name: others.pop(name) for name in ("memory", "allotment", "max_steps")}
        given["input"] = None if typed is None else files.read_bytes(typed)
        given["disk"] = None if disk is None else _disk(disk)
        return function(machine=given, **others)

    return command


def _disk(path: str) -> tuple[int, ...]:
    from popek.library import texts  # noqa: PLC0415 - the assembler's: only who names a disk waits for it

    return tuple(texts.read_disk(path))
