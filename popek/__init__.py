"""popek: a trap-and-emulate hypervisor simulator that demonstrates, and proves, the Popek-Goldberg theorem.

Each command of the program is a function here. `import popek` is cheap: a name's module is imported when it is first
asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from popek.errors import PopekError
    from popek.exercises.grading import grade
    from popek.exercises.topics import quiz
    from popek.files import load
    from popek.isa.instruction import EXECUTES, IGNORED, TRAPS
    from popek.library.benching import bench
    from popek.library.debugging import debug
    from popek.library.exploring import explain, lattice, repair
    from popek.library.hosting import host
    from popek.library.many import run
    from popek.library.proving import classify, verdict
    from popek.library.running import compare, machine, virtual
    from popek.library.systems import systems
    from popek.library.texts import assemble, disassemble, port

__version__ = "0.1.0"

__all__ = [
    "EXECUTES",
    "IGNORED",
    "TRAPS",
    "PopekError",
    "__version__",
    "assemble",
    "bench",
    "classify",
    "compare",
    "debug",
    "disassemble",
    "explain",
    "grade",
    "host",
    "lattice",
    "load",
    "machine",
    "port",
    "quiz",
    "repair",
    "run",
    "systems",
    "verdict",
    "virtual",
]

_HOMES = {
    "EXECUTES": "popek.isa.instruction",
    "IGNORED": "popek.isa.instruction",
    "TRAPS": "popek.isa.instruction",
    "PopekError": "popek.errors",
    "assemble": "popek.library.texts",
    "bench": "popek.library.benching",
    "classify": "popek.library.proving",
    "compare": "popek.library.running",
    "debug": "popek.library.debugging",
    "disassemble": "popek.library.texts",
    "explain": "popek.library.exploring",
    "grade": "popek.exercises.grading",
    "host": "popek.library.hosting",
    "lattice": "popek.library.exploring",
    "load": "popek.files",
    "machine": "popek.library.running",
    "port": "popek.library.texts",
    "quiz": "popek.exercises.topics",
    "repair": "popek.library.exploring",
    "run": "popek.library.many",
    "systems": "popek.library.systems",
    "verdict": "popek.library.proving",
    "virtual": "popek.library.running",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
