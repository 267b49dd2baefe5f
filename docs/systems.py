"""The page of the systems of history: what each did about instructions that do not trap, and what is proved of it."""

from collections.abc import Iterator

from evidence import decided, marked, sign
from manual import GENERATED, prose, table

from popek.library.systems_table import SYSTEMS, System


def systems_page() -> str:
    """Return the page."""
    text = prose(
        "# The systems that were built on them",
        GENERATED,
        "What history did about sensitive instructions that do not trap, from CP-40 to Miralis. Each system is put "
        "beside the one of popek's monitors that is nearest to what it did, on the architecture that it ran on. The "
        "last column is what popek proves of that pair: equivalence, resource control, efficiency, in this order. "
        "`popek systems` prints the list, `popek systems NAME` one of them. [Structures](structures.md) says where "
        "each serves an exit. What could not be verified is marked.",
    )
    heads = ("year", "system", "structure", "technique", "on, and what is proved of it")
    told = (line for one in SYSTEMS for line in _told(one))
    return "\n".join((*text, *table(heads, (_row(s) for s in SYSTEMS)), *told))


def _row(one: System) -> tuple[str, ...]:
    return str(one.year), f"[{one.name}](#{anchor(one.name)})", one.structure, one.technique, "; ".join(_proved(one))


def anchor(name: str) -> str:
    """Return where the page tells of a system."""
    return "".join(c for c in name.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def _proved(one: System) -> Iterator[str]:
    for name in one.isas:
        found = decided(name)[one.technique]
        signs = (sign(s.status)[0] for s in (found.equivalence, found.resource_control, found.efficiency))
        yield f"[`{name}`](architectures/{name}.md) {' '.join(signs)}"


def _told(one: System) -> Iterator[str]:
    yield from prose(f"## {one.name}", f"{one.year}, {one.structure}, {one.technique}. {one.how}")
    if one.but:
        yield from prose(one.but)
    yield from (f"- {marked(s)}" for s in one.sources)
    yield ""
