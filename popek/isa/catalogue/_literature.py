"""What the literature says of an architecture, as data, so that a test can hold it against what popek computes."""

from attrs import frozen


@frozen
class Statement:
    """What one source says of one ISA of the catalogue.

    A theorem is true or false as the source has it, or nothing where it does not say. `critical` is what it names, in
    popek's mnemonics. `verified`: the source itself was read, not somebody's account of it. `explained` says why popek
    computes something else, where it does.
    """

    isa: str
    theorem_1: bool | None
    theorem_3: bool | None
    critical: tuple[str, ...] | None
    who: str
    where: str
    verified: bool
    explained: str = ""
