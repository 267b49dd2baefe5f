"""Witnesses as files: a guest program, and a test of pytest's that fails as long as the ISA is at fault."""

from pathlib import Path

from popek import files
from popek.errors import PopekError
from popek.isa import shipped
from popek.isa.architecture import Isa
from popek.isa.template import to_toml
from popek.library import naming
from popek.library.obligations import Obligations
from popek.prove import guest_witness
from popek.prove.classes import classify
from popek.prove.guest_witness import Witness

_TEST = '''"""{says}.

Written by popek. It fails as long as `{blame}` breaks {claim} under {monitor}.
"""

from pathlib import Path

from popek.library.witness_files import shows

HERE = Path(__file__).parent


def test_{test}() -> None:
    """The guest program shows nothing any more."""
    program = (HERE / "{program}").read_text(encoding="utf-8")
    assert shows(program, {isa}, {monitor!r}, {claim!r}, {blame!r}) is None
'''


def shows(program: str, isa: naming.NamedIsa, monitor: str, claim: str, blame: str) -> str | None:
    """Run a guest program as the witness of a refutation; return what it shows, or nothing.

    `claim` is "equivalence", "resource_control", "efficiency" or "isolation", `blame` an instruction or event.
    """
    found = naming.isa(isa)
    under = naming.monitor(monitor, found)
    return guest_witness.shows(program, found, under, prop=claim, blame=blame, classes=classify(found))


def save(proof: Obligations, isa: Isa, named: str, monitor: str, directory: str | Path) -> tuple[str, ...]:
    """Write each witness of a proof as `.s` and as a test, into a directory; return the files' names.

    The test loads the ISA from a `.toml` beside it, unless it is a shipped one, or a Python file, `named` as it was.
    """
    files.make_directory(directory)
    texts: dict[str, str] = {}
    loaded = _isa(isa, named, texts)
    for witness in proof.witnesses:
        texts |= _texts(witness, loaded, monitor)
    for name, text in texts.items():
        files.write_text(Path(directory) / name, text)
    return tuple(texts)


def _isa(isa: Isa, named: str, texts: dict[str, str]) -> str:
    """Return how a test names the ISA; a configuration of it is added to the texts if it needs one."""
    if shipped.find(isa.name) is isa:
        return repr(isa.name)
    try:
        texts["isa.toml"] = to_toml(isa)
    except PopekError:
        return repr(str(Path(named).absolute()))
    return 'str(HERE / "isa.toml")'


def _texts(witness: Witness, isa: str, monitor: str) -> dict[str, str]:
    stem = f"{witness.property}-{witness.blame}".replace(":", "-").replace("_", "-")
    head = f"; {witness.says}\n; {witness.blame} breaks {witness.property} under {witness.monitor}\n"
    test = _TEST.format(
        says=witness.says[0].upper() + witness.says[1:],
        blame=witness.blame,
        claim=witness.property,
        monitor=monitor,
        isa=isa,
        program=f"{stem}.s",
        test=stem.replace("-", "_"),
    )
    return {f"{stem}.s": head + witness.program, f"test_{stem.replace('-', '_')}.py": test}
