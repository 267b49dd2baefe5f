"""Writing an ISA as a TOML text, a file to start from: `configuration.parse` reads it back."""

from collections.abc import Iterator

from popek.errors import PopekError, Problem
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.expression import Op, subtrees
from popek.isa.instruction import EXECUTES, Instruction, InUser
from popek.isa.slot import Role
from popek.isa.toml import bare, quoted


def to_toml(isa: Isa) -> str:
    """Return a TOML text that configures the same ISA, with the setting of every system instruction to change.

    It extends what the ISA is a variant of, or, where instructions were added or replaced, that very ISA. Raise
    `PopekError` if no shipped ISA has its instructions.
    """
    return "\n".join(_lines(isa, _base(isa))) + "\n"


def _base(isa: Isa) -> Isa:
    names = (isa.extends or isa.name, isa.name, *shipped.names())
    for base in map(shipped.find, names):
        if base and _differ_in_settings_only(isa, base):
            return base
    raise PopekError(
        Problem(
            f"{isa.name} cannot be written as TOML: it has instructions, or state, that no shipped ISA has",
            hint="write it as a Python file, which binds `isa`",
        )
    )


def _differ_in_settings_only(isa: Isa, base: Isa) -> bool:
    """Say whether a table [user] can say all that is different."""
    if isa.by_name.keys() != base.by_name.keys():
        return False
    if any(getattr(isa, part) != getattr(base, part) for part in ("slots", "arrays", "translation", "cycle", "guest")):
        return False
    for mine, its in zip(isa.instructions, (base[i.name] for i in isa.instructions), strict=True):
        settable = isinstance(mine.in_user, InUser) or mine.in_user == its.in_user
        if not settable or its.with_user(mine.in_user) != mine:
            return False
    return True


def _is_system(instruction: Instruction) -> bool:
    """Say whether an instruction is worth a line: user mode does not just execute it, or it names a resource."""
    behaviour = instruction.supervisor
    named = behaviour.reads | behaviour.writes.keys() | {getattr(e, "array", None) for e in behaviour.effects}
    return (
        instruction.in_user != EXECUTES
        or any(s is not None and s.role is Role.RESOURCE for s in named)
        or any(e.op is Op.REAL for v in behaviour.values() for e in subtrees(v))
    )


def _lines(isa: Isa, base: Isa) -> Iterator[str]:
    yield f"name = {quoted(f'my-{isa.name}')}"
    yield f"extends = {quoted(base.name)}"
    yield f"title = {quoted(isa.title or isa.name)}"
    yield f"doc = {quoted(isa.doc)}"
    yield ""
    yield '# What each does in user mode: "traps" (is privileged), "executes" (as in supervisor mode), "ignored".'
    yield "[user]"
    for instruction in filter(_is_system, isa.instructions):
        yield f"# {' '.join(instruction.doc.split())}"
        if isinstance(instruction.in_user, InUser):
            yield f'{bare(instruction.name)} = "{instruction.in_user.value}"'
        else:
            yield f"# {bare(instruction.name)} has a behaviour of its own in user mode; set it here to replace that."
    others = [i.name for i in isa.instructions if not _is_system(i)]
    yield ""
    yield "# These execute in user mode, and may be set as well:"
    yield from (f"# {', '.join(others[i : i + 12])}" for i in range(0, len(others), 12))
    yield ""
    yield "# Your own answer, to be graded against the proof; take the # away."
    yield "# [expect]"
    yield "# theorem-1 = true"
    yield "# critical = []"
