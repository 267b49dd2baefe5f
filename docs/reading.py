"""The reading guide's numbers: how many lines each step of it asks to be read, counted in the code as it is now."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
GUIDE = HERE / "reading-guide.md"
_STEP = re.compile(r"^\| (\d+) \| \[[^\]]+\]\(([^)]+)\) \| (.*?) \| (.*?) \| \d+ \|$", re.MULTILINE)
_NAMES = re.compile(r"`([\w.]+)`")
_TOTAL = re.compile(r"\*\*\d+ lines\*\*")


def lines(path: Path, names: list[str]) -> int:
    """Return how many lines some definitions of a module take; all of it, if none is named."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not names:
        return len(path.read_text(encoding="utf-8").splitlines())
    return sum(_length(tree, name.split(".")) for name in names)


def _length(inside: ast.Module | ast.ClassDef, name: list[str]) -> int:
    found = next((n for n in inside.body if name[0] in _binds(n)), None)
    if found is None:
        raise LookupError(f"the reading guide names `{'.'.join(name)}`, which is not there")
    if name[1:]:
        assert isinstance(found, ast.ClassDef)
        return _length(found, name[1:])
    decorators = found.decorator_list if isinstance(found, ast.ClassDef | ast.FunctionDef) else []
    return (found.end_lineno or 0) - min([found.lineno, *(d.lineno for d in decorators)]) + 1


def _binds(node: ast.stmt) -> list[str]:
    """Return the names that a statement binds."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [t.id for t in targets if isinstance(t, ast.Name)]


def steps(text: str) -> list[tuple[str, str, str, int]]:
    """Return the steps of a guide: number, file, what is read of it, and how many lines that is now."""
    return [
        (number, file, names, lines((HERE / file).resolve(), _NAMES.findall(names)))
        for number, file, names, _ in _STEP.findall(text)
    ]


def guide() -> str:
    """Return the guide with its numbers as they are now."""
    text = GUIDE.read_text(encoding="utf-8")
    counts = {number: count for number, _, _, count in steps(text)}
    text = _STEP.sub(lambda m: f"{m[0].rsplit('| ', 1)[0]}| {counts[m[1]]} |", text)
    return _TOTAL.sub(f"**{sum(counts.values())} lines**", text)
