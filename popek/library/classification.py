"""The classes of all instructions of an ISA, as one value."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

from attrs import frozen

from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import say
from popek.prove.values import Classes
from popek.shown import Pictured


@frozen
class Classification(Pictured, Sequence[Classes]):
    """The classes of an ISA's instructions. `literal`: as the paper reads to the letter."""

    isa: str
    title: str
    instructions: tuple[Classes, ...]
    literal: bool = False

    @overload
    def __getitem__(self, index: int) -> Classes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Classes]: ...
    @overload
    def __getitem__(self, index: str) -> Classes: ...
    def __getitem__(self, index: int | slice | str) -> Classes | Sequence[Classes]:
        """Return the classes of one instruction, by its name or its number."""
        if not isinstance(index, str):
            return self.instructions[index]
        table = {c.name: c for c in self.instructions}
        if index not in table:
            raise PopekError(
                Problem(
                    say("{isa} has no instruction `{index}`", isa=self.isa, index=index), hint=nearest(index, table)
                )
            )
        return table[index]

    def __len__(self) -> int:
        return len(self.instructions)

    def __iter__(self) -> Iterator[Classes]:
        return iter(self.instructions)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it, each instruction with its witnesses."""
        return {
            "isa": self.isa,
            "title": self.title,
            "literal": self.literal,
            "instructions": [_with_witnesses(c) for c in self.instructions],
        }


def _with_witnesses(one: Classes) -> dict[str, Any]:
    return {
        **one.to_dict(),
        "witnesses": {kind: w.to_dict() for kind, w in one.witnesses.items()},
        "user_witnesses": {kind: w.to_dict() for kind, w in one.user_witnesses.items()},
        "not_privileged": one.not_privileged.to_dict() if one.not_privileged else None,
    }
