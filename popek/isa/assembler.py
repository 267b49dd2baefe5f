"""The assembler: text to words. It knows directives, not instructions; those it looks up in the ISA.

Two passes. The first gives every statement its address and every label its value; the second computes the words,
when all names are known. A mistake does not end either: all that can be told in one go is told, in line order, and
nothing that only follows from another mistake.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import TypeVar

from attrs import evolve, frozen

from popek.errors import PopekError, Problem
from popek.isa.architecture import Isa
from popek.isa.encoding import WORD_MASK
from popek.isa.formula import WORDS, Formula, Lookup, read_formula
from popek.isa.instruction import Instruction
from popek.isa.macros import PRELUDE_FILE, Macro, prelude, read_text
from popek.isa.operands import Compute, listed, read_operands, split_operands
from popek.isa.program import MEMORY_LIMIT, Program
from popek.isa.slot import PC
from popek.isa.symbols import Similar, Symbols
from popek.isa.tokens import Kind, Statement, Token
from popek.language.phrase import say

LONGEST_PROGRAM = 1 << 20
"""Words of the longest program; `.org` leaves gaps that cost nothing."""

_T = TypeVar("_T")

MOST_PROBLEMS = 20
"""So many problems are told in one go."""

MOST_NESTED = 64
"""So deep may macros call macros."""

MOST_EXPANDED = 200_000
"""So many tokens may macros expand to, all together."""


def assemble(source: str, isa: Isa, *, file: str = "<source>") -> Program:
    """Assemble a text for an ISA; `file` names it in messages.

    The first word goes to address 16, where the machine starts. Addresses are physical, and virtual at reset. Raise
    `PopekError` with everything that is wrong, up to 20 problems.
    """
    return _Assembly(source, isa, file).program()


@frozen
class _Call:
    """The macros that a statement comes out of: the head of the outermost call, and their names, outermost first."""

    head: Token
    names: tuple[str, ...]


@frozen
class _Pending:
    """A word to compute when all names are known. An address that is not known follows from an earlier mistake."""

    address: int | None
    compute: Compute
    call: _Call | None


class _Assembly:
    """One text on its way to be words."""

    def __init__(self, source: str, isa: Isa, file: str) -> None:
        self.source, self.isa, self.file = source, isa, file
        self.text = read_text(source, file)
        self.problems = list(self.text.problems)
        self.instructions: Mapping[str, Instruction] = {n.lower(): i for n, i in isa.by_name.items()}
        self.macros = {**prelude(self.instructions), **self.text.macros}
        self.symbols = Symbols(self.text.statements, self.text.lost)
        self.similar = Similar()
        self.location: int | None = int(PC.reset)
        self.words: dict[int, int] = {}
        self.lines: dict[int, int] = {}
        self.code: set[int] = set()
        self.pending: list[_Pending] = []
        self.overlapping = False
        self.expansions = self.expanded = 0

    def program(self) -> Program:
        self._check_macros()
        for statement in self.text.statements:
            self._take(statement, None)
        for pending in self.pending:
            self._compute(pending)
        if self.problems:
            raise PopekError(*_told(self.problems))
        assert self.words.keys() == self.lines.keys(), "a word is missing, and nobody was told"
        return Program(self.words, self.symbols.values, self.lines, self.source, self.file, frozenset(self.code))

    def _check_macros(self) -> None:
        for key, macro in self.text.macros.items():
            if key in self.instructions or key in _KNOWN_DIRECTIVES:
                what = (
                    say("an instruction of {isa}", isa=self.isa.name)
                    if key in self.instructions
                    else say("a directive")
                )
                place = macro.named.place
                self.problems.append(
                    Problem(say("{named} is {what}; a macro needs another name", named=macro.named, what=what), place)
                )

    # The first pass: addresses.

    def _take(self, statement: Statement, call: _Call | None) -> None:
        for label in statement.labels:
            self._attempt(partial(self.symbols.define, label, self.location), call)
        if not self._attempt(partial(self._act, statement, call), call):
            self._skip(statement)

    def _skip(self, statement: Statement) -> None:
        """Go on after a statement that failed: past an instruction, which is one word; else to nowhere known."""
        name = statement.head.text.lower() if statement.head else ""
        if name in self.instructions and self.location is not None:
            self.location += 1
        elif name in _OF_ANY_SIZE or name in self.macros:
            self.location = None
        elif name == ".equ" and statement.rest:
            self.symbols.lose(statement.rest[0].text)

    def _attempt(self, act: Callable[[], _T], call: _Call | None) -> _T | None:
        """Return what something gives; if it fails, note the problems, those in a macro at its call."""
        try:
            return act()
        except PopekError as error:
            self.problems.extend(_at_call(p, call) for p in error.problems)
            return None

    def _act(self, statement: Statement, call: _Call | None) -> bool:
        """Do what a statement says, its labels aside; return that it was done."""
        head = statement.head
        if statement.mistake:
            raise PopekError(statement.mistake)
        if head is None:
            return True
        name = head.text.lower()
        if name in self.instructions:
            coded = read_operands(self.instructions[name], head, statement.rest)
            self.code |= {self.location} if self.location is not None else set()
            self._emit(head, [coded.word], call)
        elif name in _DIRECTIVES:
            _DIRECTIVES[name](self, head, statement.rest, call)
        elif name in self.macros:
            self._expand(self.macros[name], head, statement.rest, call)
        else:
            raise PopekError(self._unknown(head))
        return True

    def _unknown(self, head: Token) -> Problem:
        if head.text.startswith("."):
            return Problem(
                say("there is no directive {head}", head=head),
                head.place,
                self.similar.hint(head.text, _KNOWN_DIRECTIVES),
            )
        hint = self.similar.hint(head.text, [*self.instructions, *self.macros])
        return Problem(say("{isa} has no instruction {head}", isa=self.isa.name, head=head), head.place, hint)

    def _expand(self, macro: Macro, head: Token, rest: tuple[Token, ...], call: _Call | None) -> None:
        key = macro.named.text.lower()
        if call and key in call.names:
            raise PopekError(
                Problem(say("the macro {named} calls itself, and would never end", named=macro.named), head.place)
            )
        if call and len(call.names) >= MOST_NESTED:
            raise PopekError(
                Problem(say("macros call macros more than {most_nested} deep", most_nested=MOST_NESTED), head.place)
            )
        self.expansions += 1
        inner = _Call(call.head, (*call.names, key)) if call else _Call(head, (key,))
        for statement in macro.expand(head, rest, self.expansions):
            before = self.expanded
            self.expanded += 1 + len(statement.rest)
            if self.expanded > MOST_EXPANDED:
                told = [Problem(say("macros expand to too much text"), head.place)] if before <= MOST_EXPANDED else []
                raise PopekError(*told)
            self._take(statement, inner)

    def _emit(self, head: Token, computations: Sequence[Compute], call: _Call | None) -> None:
        """Give words to come the next addresses."""
        start = self._reserve(head, len(computations), call)
        for i, compute in enumerate(computations):
            self.pending.append(_Pending(None if start is None else start + i, compute, call))

    def _fill(self, head: Token, count: int, values: Iterable[int], call: _Call | None) -> None:
        """Put `count` words that are known at the next addresses."""
        start = self._reserve(head, count, call)
        if start is not None:
            self.words.update(enumerate(values, start))

    def _reserve(self, head: Token, count: int, call: _Call | None) -> int | None:
        """Take the next addresses for a statement's words; return the first, if it is known and they are free."""
        start, line = self.location, (call.head if call else head).line.number
        if start is None:
            return None
        self.location = None
        if start + count > MEMORY_LIMIT:
            hint = say("addresses are within 0..{memory_limit}", memory_limit=MEMORY_LIMIT - 1)
            raise PopekError(Problem(say("this is beyond the largest memory"), head.place, hint))
        if len(self.lines) + count > LONGEST_PROGRAM:
            hint = say(
                "a program has at most {longest_program} words; `.org` leaves a gap that has none",
                longest_program=LONGEST_PROGRAM,
            )
            raise PopekError(Problem(say("the program is too long"), head.place, hint))
        self.location = start + count
        taken = next((a for a in range(start, start + count) if a in self.lines), start + count)
        if taken < start + count and not self.overlapping:
            self.overlapping = True
            hint = say("line {lines} has put it there; `.org` says where to go on", lines=self.lines[taken])
            self.problems.append(
                _at_call(Problem(say("address {taken} has a word already", taken=taken), head.place, hint), call)
            )
        self.lines.update(dict.fromkeys(range(start, taken), line))
        return start if taken == start + count else None

    # Directives.

    def org(self, head: Token, rest: tuple[Token, ...], _: _Call | None) -> None:
        (group,) = split_operands(head, rest, 1, say("`.org` takes an address"))
        formula = _formula(head, group)
        self.location = _within(range(MEMORY_LIMIT), self.symbols.now(head, formula, self.location), formula)
        self.overlapping = False

    def word(self, head: Token, rest: tuple[Token, ...], call: _Call | None) -> None:
        groups = list(listed(rest))
        if not groups:
            raise PopekError(
                Problem(
                    say("{head} takes at least one value", head=head), head.place, say("`.word` takes `value, ...`")
                )
            )
        computations: list[Compute] = []
        before = head
        for group in groups:
            formula = self._attempt(partial(_formula, before, group), call)
            computations.append(_word_of(formula) if formula else _nothing)
            before = group[-1] if group else before
        self._emit(head, computations, call)

    def ascii(self, head: Token, rest: tuple[Token, ...], call: _Call | None) -> None:
        data = _text(head, rest)
        self._fill(head, len(data), data, call)

    def string(self, head: Token, rest: tuple[Token, ...], call: _Call | None) -> None:
        data = _text(head, rest)
        self._fill(head, len(data) + 1, [*data, 0], call)

    def space(self, head: Token, rest: tuple[Token, ...], call: _Call | None) -> None:
        usage = say("`.space` takes `count` or `count, value`")
        groups = split_operands(head, rest, 2 if len(list(listed(rest))) == 2 else 1, usage)
        count, *fill = (_formula(head, group) for group in groups)
        number = _within(range(LONGEST_PROGRAM + 1), self.symbols.now(head, count, self.location), count)
        value = _within(WORDS, self.symbols.now(head, fill[0], self.location), fill[0]) if fill else 0
        self._fill(head, number, repeat(value & WORD_MASK, number), call)

    def equ(self, head: Token, rest: tuple[Token, ...], call: _Call | None) -> None:
        usage = say("`.equ` takes `name, value`")
        (name, *more), group = split_operands(head, rest, 2, usage)
        if name.kind is not Kind.NAME or more:
            blamed = more[0] if name.kind is Kind.NAME else name
            raise PopekError(Problem(say("a name is expected, not {blamed}", blamed=blamed), blamed.place, usage))
        value = self._attempt(lambda: self.symbols.now(head, _formula(head, group), self.location), call)
        self.symbols.define(name, value)

    def endm(self, head: Token, _rest: tuple[Token, ...], _call: _Call | None) -> None:
        raise PopekError(Problem(say("{head} without `.macro`", head=head), head.place))

    # The second pass: words.

    def _compute(self, pending: _Pending) -> None:
        here = pending.address
        look_up = partial(self.symbols.look_up, here=here)
        word = self._attempt(lambda: pending.compute(here, look_up), pending.call)
        if word is not None and here is not None:
            self.words[here] = word


_Directive = Callable[[_Assembly, Token, tuple[Token, ...], _Call | None], None]
_DIRECTIVES: Mapping[str, _Directive] = {
    ".org": _Assembly.org,
    ".word": _Assembly.word,
    ".ascii": _Assembly.ascii,
    ".string": _Assembly.string,
    ".space": _Assembly.space,
    ".equ": _Assembly.equ,
    ".endm": _Assembly.endm,
}
_KNOWN_DIRECTIVES = {*_DIRECTIVES, ".macro"}
_OF_ANY_SIZE = (".org", ".space", ".ascii", ".string", ".word")


def _formula(before: Token, group: Sequence[Token]) -> Formula:
    formula, taken = read_formula(group, before)
    if taken < len(group):
        raise PopekError(Problem(say("{group} is not expected here", group=group[taken]), group[taken].place))
    return formula


def _within(limits: range, value: int, formula: Formula) -> int:
    if value not in limits:
        raise PopekError(
            Problem(
                say(
                    "{value} is out of range: it must be within {start}..{stop}",
                    value=value,
                    start=limits.start,
                    stop=limits.stop - 1,
                ),
                formula.place,
            )
        )
    return value


def _word_of(formula: Formula) -> Compute:
    return lambda _, look_up: _within(WORDS, formula.value(look_up), formula) & WORD_MASK


def _nothing(_: int | None, _look_up: Lookup) -> int:
    """Stand for a word that could not be read."""
    return 0


def _text(head: Token, rest: tuple[Token, ...]) -> bytes:
    usage = say('{head} takes one text: `{text} "text"`', head=head, text=head.text.lower())
    (group,) = split_operands(head, rest, 1, usage)
    for token, wanted in zip(group, (True, *[False] * len(group)), strict=False):
        if not wanted or token.kind is not Kind.STRING:
            message = (
                say("a text in quotes is expected, not {token}", token=token)
                if wanted
                else say("{token} is not expected here", token=token)
            )
            raise PopekError(Problem(message, token.place, usage))
    return group[0].data


def _at_call(problem: Problem, call: _Call | None) -> Problem:
    """Move a problem in a macro's body to the call; what the caller wrote himself is blamed where he wrote it."""
    place = problem.place
    if call is None or place is None or (place.file, place.line) == (call.head.line.file, call.head.line.number):
        return problem
    within = say("the built-in macro") if place.file == PRELUDE_FILE else say("line {line}, the macro", line=place.line)
    return evolve(
        problem,
        message=say("{message} (in {within} `{names}`)", message=problem.message, within=within, names=call.names[-1]),
        place=call.head.place,
    )


def _told(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Give the problems in the order of the text, each once, and no more than anyone reads."""
    first = {(p.place, p.message): p for p in reversed(problems)}
    ordered = sorted(first.values(), key=lambda p: (p.place.line, p.place.column) if p.place else (0, 0))
    yield from ordered[:MOST_PROBLEMS]
    if len(ordered) > MOST_PROBLEMS:
        yield Problem(say("too many problems: {count} more are not shown", count=len(ordered) - MOST_PROBLEMS))
