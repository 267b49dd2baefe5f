"""For other people's suites: `assert_equivalent`, random guests, strategies for Hypothesis, wrong monitors.

    from popek.testing import assert_equivalent, strategies as st

`strategies` and `BareAndVirtual` need Hypothesis; the rest needs popek alone. A name's module is imported when it is
first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from popek.testing.equivalence import assert_equivalent
    from popek.testing.programs import Guest
    from popek.testing.stateful import BareAndVirtual
    from popek.testing.wrong_monitors import WRONG_MONITORS
    from popek.vmm.allotment import Allotment

__all__ = ["WRONG_MONITORS", "Allotment", "BareAndVirtual", "Guest", "assert_equivalent"]

_HOMES = {
    "WRONG_MONITORS": "popek.testing.wrong_monitors",
    "Allotment": "popek.vmm.allotment",
    "BareAndVirtual": "popek.testing.stateful",
    "Guest": "popek.testing.programs",
    "assert_equivalent": "popek.testing.equivalence",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
