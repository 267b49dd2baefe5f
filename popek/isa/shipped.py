"""The ISAs that popek ships, by name and alias: `classic` and `classic-vt`, the textbook variants, the catalogue.

An architecture of the catalogue is one module `popek/isa/catalogue/<architecture>.py` that binds `ISAS`, a tuple. They
are found by being there, and imported only when somebody asks for what is neither `classic` nor a variant.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT

if TYPE_CHECKING:
    from popek.isa.catalogue._literature import Statement

_CATALOGUE = "popek.isa.catalogue"


def bases() -> tuple[Isa, ...]:
    """Return what the variants are deltas on, and the same with a guest mode."""
    return (CLASSIC, CLASSIC_VT)


def variants() -> tuple[Isa, ...]:
    """Return the textbook variants of `classic`."""
    from popek.isa.variants import VARIANTS  # noqa: PLC0415 - a family that who asks for `classic` need not wait for

    return VARIANTS


def _modules() -> tuple[ModuleType, ...]:
    package = find_spec(_CATALOGUE)
    places = package.submodule_search_locations or () if package is not None else ()
    return tuple(import_module(f"{_CATALOGUE}.{m.name}") for m in iter_modules(places) if not m.name.startswith("_"))


@cache
def catalogue() -> tuple[Isa, ...]:
    """Return the historical architectures, by year of first delivery."""
    return tuple(sorted((i for m in _modules() for i in getattr(m, "ISAS", ())), key=lambda i: (i.year or 0, i.name)))


def literature(isa: Isa) -> "tuple[Statement, ...]":
    """Return what the literature says of an ISA; of what is not in the catalogue, or is changed, nothing."""
    if isa.year is None or not any(isa is known for known in catalogue()):
        return ()
    return tuple(s for m in _modules() for s in getattr(m, "LITERATURE", ()) if s.isa == isa.name)


def every() -> tuple[Isa, ...]:
    """Return all of them, in the order in which they are listed."""
    return bases() + variants() + catalogue()


def names() -> tuple[str, ...]:
    """Return their names, in that order; aliases are not among them."""
    return tuple(i.name for i in every())


def known() -> tuple[str, ...]:
    """Return every name and alias that `find` knows."""
    return tuple(n for i in every() for n in (i.name, *i.aliases))


def find(name: str) -> Isa | None:
    """Return the ISA of that name or alias, in whatever case; nothing if there is none."""
    return next((i for group in (bases, variants, catalogue) if (i := _lookup(group(), name))), None)


def _lookup(isas: Iterable[Isa], name: str) -> Isa | None:
    wanted = name.casefold()
    return next((i for i in isas if wanted in (n.casefold() for n in (i.name, *i.aliases))), None)
