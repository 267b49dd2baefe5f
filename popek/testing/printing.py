"""How Hypothesis prints what is drawn: by its own short name, where it would else spell out every expression in it.

Hypothesis prints the fields of attrs' classes whatever their `repr` is, and an ISA's fields lead to all there is.
"""

from typing import Any

from hypothesis.vendor import pretty

from popek.isa.architecture import Isa
from popek.isa.expression import Expr
from popek.isa.instruction import Instruction
from popek.isa.slot import Array, Slot
from popek.vmm.monitor import Monitor


def _by_name(value: Any, printer: Any, _: bool) -> None:
    printer.text(repr(value))


def print_by_name() -> None:
    """Have the values of a machine printed by their own short names."""
    for shown in (Isa, Instruction, Expr, Slot, Array, Monitor):
        pretty.for_type_by_name(shown.__module__, shown.__name__, _by_name)
