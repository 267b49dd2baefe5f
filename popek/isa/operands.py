"""Operands: what follows a mnemonic, read against the instruction's own syntax and encoding.

No instruction is known here by name. The syntax `ra, imm(rb)` and the table in `encoding` say all there is to know.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from attrs import frozen

from popek.errors import PopekError, Problem
from popek.isa import encoding
from popek.isa.encoding import OPERANDS, Operand
from popek.isa.formula import Formula, Lookup, read_formula
from popek.isa.instruction import Instruction
from popek.isa.tokens import Kind, Token, quote
from popek.language.phrase import say

_REGISTERS = say("registers are r0..r15, sp (r14) and lr (r15)")
_COUNTS = {0: say("no operands"), 1: say("one operand"), 2: say("two operands"), 3: say("three operands")}


@frozen
class Coded:
    """An instruction with its operands read: register numbers, and formulas that wait for their symbols."""

    instruction: Instruction
    registers: dict[str, int]
    formulas: tuple[tuple[Operand, Formula], ...]

    def word(self, address: int | None, lookup: Lookup) -> int:
        """Return the instruction word at an address; if that follows from another problem, `None`, it is none."""
        values = dict(self.registers)
        for operand, formula in self.formulas:
            values[operand.field.name] = _fitting(operand, formula, formula.value(lookup), address)
        return self.instruction.encode(values)


def _fitting(operand: Operand, formula: Formula, value: int, address: int | None) -> int:
    span = operand.field.span
    limits = f"{span.start}..{span.stop - 1}"
    if operand.relative:
        if address is None:
            raise PopekError  # It follows from a problem that is known already.
        distance = value - address
        if distance not in span:
            message = say(
                "the target {value} is {distance} words from here: the distance must be within {limits}",
                value=value,
                distance=distance,
                limits=limits,
            )
            raise PopekError(Problem(message, formula.place))
        return distance
    if value not in span:
        hint = say("`lo(x)` and `hi(x)` are the halves of a word")
        raise PopekError(
            Problem(
                say("{value} is out of range: it must be within {limits}", value=value, limits=limits),
                formula.place,
                hint,
            )
        )
    return value


def listed(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """Split tokens at the commas outside parentheses; nothing gives nothing."""
    group: list[Token] = []
    depth = 0
    for token in tokens:
        mark = token.text if token.kind is Kind.MARK else ""
        depth = max(0, depth + (mark == "(") - (mark == ")"))
        if mark == "," and depth == 0:
            yield tuple(group)
            group = []
        else:
            group.append(token)
    if tokens:
        yield tuple(group)


def counted(number: int) -> str:
    """Say how many operands that is."""
    return _COUNTS.get(number, say("{number} operands", number=number))


def split_operands(head: Token, tokens: Sequence[Token], wanted: int, hint: str) -> list[tuple[Token, ...]]:
    """Return the tokens of each operand, as many as are wanted."""
    groups = list(listed(tokens))
    if len(groups) > wanted:
        extra = groups[wanted]
        blamed = extra[0].place if extra else tokens[-1].place
        raise PopekError(
            Problem(
                say("{head} takes {wanted}, not {count}", head=head, wanted=counted(wanted), count=len(groups)),
                blamed,
                hint,
            )
        )
    if len(groups) < wanted:
        _check_commas(tokens, hint)
        raise PopekError(
            Problem(
                say("{head} takes {wanted}, not {count}", head=head, wanted=counted(wanted), count=len(groups)),
                head.place,
                hint,
            )
        )
    before = head
    for group in groups:
        if not group:
            raise PopekError(Problem(say("an operand is missing here"), before.after, hint))
        before = group[-1]
    return groups


def _check_commas(tokens: Sequence[Token], hint: str) -> None:
    """Raise `PopekError` at two words side by side: no operand has such, so there is a comma missing between them."""
    for before, token in pairwise(tokens):
        if Kind.MARK not in (before.kind, token.kind):
            raise PopekError(Problem(say("`,` is missing before {token}", token=token), token.place, hint))


def read_operands(instruction: Instruction, head: Token, tokens: Sequence[Token]) -> Coded:
    """Read an instruction's operands as its syntax says; raise `PopekError` that blames the token and shows it."""
    hint = (
        say("`{instruction}` takes `{operands}`", instruction=instruction, operands=instruction.operands)
        if instruction.operands
        else ""
    )
    pattern = encoding.tokens(instruction.operands)
    wanted = pattern.count(",") + 1 if pattern else 0
    groups = split_operands(head, tokens, wanted, hint)
    registers: dict[str, int] = {}
    formulas: list[tuple[Operand, Formula]] = []
    for shape, group in zip(_shapes(pattern), groups, strict=True):
        at = 0
        for part in shape:
            operand, last = OPERANDS.get(part), group[at - 1] if at else head
            if operand is None:
                at += _mark(part, group[at:], last, hint)
            elif operand.register:
                registers[operand.field.name] = _register(group[at:], last, hint)
                at += 1
            else:
                _expect_value(shape, group[at:], hint)
                formula, taken = read_formula(group[at:], last)
                formulas.append((operand, formula))
                at += taken
        if at < len(group):
            raise PopekError(Problem(say("{group} is not expected here", group=group[at]), group[at].place, hint))
    return Coded(instruction, registers, tuple(formulas))


def _shapes(pattern: Sequence[str]) -> Iterator[list[str]]:
    shape: list[str] = []
    for part in pattern:
        if part == ",":
            yield shape
            shape = []
        else:
            shape.append(part)
    if pattern:
        yield shape


def _mark(wanted: str, tokens: Sequence[Token], before: Token, hint: str) -> int:
    if not tokens:
        raise PopekError(Problem(say("`{wanted}` is missing", wanted=wanted), before.after, hint))
    if tokens[0].text != wanted:
        raise PopekError(
            Problem(say("`{wanted}` is expected, not {tokens}", wanted=wanted, tokens=tokens[0]), tokens[0].place, hint)
        )
    return 1


def _register(tokens: Sequence[Token], before: Token, hint: str) -> int:
    if not tokens:
        raise PopekError(Problem(say("a register is missing"), before.after, hint))
    number = tokens[0].register
    if number is None:
        hint = "; ".join(h for h in (hint, _REGISTERS) if h)
        raise PopekError(Problem(say("a register is expected, not {tokens}", tokens=tokens[0]), tokens[0].place, hint))
    return number


def _expect_value(shape: Sequence[str], tokens: Sequence[Token], hint: str) -> None:
    if not tokens:
        return
    if "(" in shape and len(tokens) > 1 and tokens[0].text == "(" and tokens[1].register is not None:
        problem = Problem(
            say("a value is missing before `(`: write `0({text})`", text=tokens[1].text), tokens[0].place, hint
        )
        raise PopekError(problem)
    if tokens[0].register is not None:
        message = say("{quote} is a register; a value is expected here", quote=quote(tokens[0].text))
        raise PopekError(Problem(message, tokens[0].place, hint))


Compute = Callable[[int | None, Lookup], int]
"""A word yet to come: what it is, given its address and what names stand for."""
