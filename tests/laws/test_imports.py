"""Imports point one way only: errors, isa, engine, vmm, prove, library, report, cli."""

import ast
from collections.abc import Iterator
from pathlib import Path

import popek

ROOT = Path(popek.__file__).parent

LAYERS = (
    ("language",),
    ("errors", "shown"),
    ("isa",),
    ("guests", "python_file", "engine"),
    ("files",),
    ("vmm",),
    ("prove",),
    ("library",),
    ("exercises",),
    ("report",),
    ("testing",),
    ("cli",),
    ("__main__",),
)
"""From the bottom up. A module imports from its own layer and from those below; all may ask for the version."""

HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}

UPWARD = {("shown", "report")}
"""The one import that points up, done when somebody looks at a value: what it looks like is the report's business."""

SOLVER = {"prove/solver"}
RICH = {"report", "cli"}


def imports(path: Path) -> Iterator[str]:
    """Give every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{a.name}" for a in node.names)


def modules() -> Iterator[tuple[str, Path]]:
    """Give every module's place in the package, but for the package itself: it is but a table of names."""
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).with_suffix("").as_posix()
        if place != "__init__":
            yield place, path


def test_every_part_has_a_layer() -> None:
    """Nothing stands outside the order."""
    assert {place.split("/")[0] for place, _ in modules()} <= HEIGHT.keys()


def test_imports_point_down() -> None:
    """No module imports from a layer above its own, but for the exceptions named."""
    upward = set()
    for place, path in modules():
        part = place.split("/")[0]
        for name in imports(path):
            names = name.split(".")
            if names[0] == "popek" and len(names) > 1 and names[1] in HEIGHT and HEIGHT[names[1]] > HEIGHT[part]:
                upward.add((part, names[1]))
    assert upward == UPWARD


def test_guests_know_the_isa_alone() -> None:
    """What a program is does not depend on what runs it."""
    for place, path in modules():
        if place.startswith("guests/"):
            parts = {name.split(".")[1] for name in imports(path) if name.startswith("popek.")}
            assert parts <= {"errors", "isa", "guests", "language"}, place


def test_solver_and_rich_stay_where_they_belong() -> None:
    """The solver is imported only where things are proved, rich only where things are shown."""
    for place, path in modules():
        heads = {name.split(".")[0] for name in imports(path)}
        owners = {place.split("/")[0], place}
        assert "z3" not in heads or owners & SOLVER, place
        assert "rich" not in heads or owners & RICH, place


def test_isa_does_no_io() -> None:
    """What a machine means knows no clock, no randomness and no environment."""
    forbidden = {"time", "datetime", "random", "os", "subprocess", "socket"}
    allowed = {"isa/reader": {"datetime"}}
    for place, path in modules():
        if place.startswith("isa/"):
            heads = {name.split(".")[0] for name in imports(path)}
            assert not heads & (forbidden - allowed.get(place, set())), place
