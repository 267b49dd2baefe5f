"""The notebooks of docs/notebooks: each is run from its first cell to its last, as a reader would."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "docs" / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
HEADINGS = ("# ", "## Predict", "## Run", "## Prove")

notebooks = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    """Return a notebook."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def source(cell: dict[str, Any]) -> str:
    """Return what is written in a cell."""
    return "".join(cell["source"])


def prose(notebook: dict[str, Any]) -> str:
    """Return all that is there to be read."""
    return "\n".join(source(c) for c in notebook["cells"] if c["cell_type"] == "markdown")


def execute(code: str, name: str, namespace: dict[str, Any]) -> object:
    """Execute a cell; return the value of its last line if that is an expression, as a notebook shows it."""
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)  # noqa: S102 - to execute what is written there is the test
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), name, "eval"), namespace)  # noqa: S307 - likewise


@notebooks
def test_every_cell_runs_and_what_it_gives_can_be_shown(path: Path) -> None:
    """Every cell runs, in order, in one namespace; its assertions hold, and a value shows itself."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code":
            value = execute(source(cell), f"{path.name}:{cell['id']}", namespace)
            shows = getattr(value, "_repr_html_", None)
            assert shows is None or "<" in shows()


@notebooks
def test_a_notebook_lets_its_reader_predict_then_run_then_prove(path: Path) -> None:
    """Prose comes first, and a question before the first cell that runs; then a run, and then a proof."""
    notebook = read(path)
    cells = notebook["cells"]
    assert source(cells[0]).startswith(HEADINGS[0])
    first = next(i for i, c in enumerate(cells) if c["cell_type"] == "code")
    asked = [source(c) for c in cells[:first] if source(c).startswith("## Predict")]
    assert asked
    assert "?" in asked[0]
    lines = prose(notebook).splitlines()
    places = [lines.index(h) for h in HEADINGS[1:]]
    assert places == sorted(places)


@notebooks
def test_a_notebook_is_plain(path: Path) -> None:
    """Format 4.5, written one way, without outputs; each cell's id is the notebook's number and its own."""
    text = path.read_text(encoding="utf-8")
    notebook = read(path)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert [c["id"] for c in notebook["cells"]] == [
        f"{path.stem[:2]}-{n + 1:02}" for n in range(len(notebook["cells"]))
    ]
    for cell in notebook["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@notebooks
def test_a_notebook_is_what_the_format_says(path: Path) -> None:
    """The format's own checker accepts it, where that is installed."""
    nbformat = pytest.importorskip("nbformat", reason="the notebooks' format is checked by nbformat")
    nbformat.validate(nbformat.read(path, as_version=4))


@notebooks
def test_what_is_stated_is_asserted(path: Path) -> None:
    """There is an assertion for what the prose says, and every link of it leads to something."""
    notebook = read(path)
    code = [source(c) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert sum(c.count("assert ") for c in code) >= 4
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose(notebook))
    assert [t for t in targets if not (path.parent / t).exists()] == []


def test_the_notebooks_are_numbered_from_one_on() -> None:
    """They follow a course: the numbers are 1, 2, 3 and so on, in the names and in the titles."""
    assert [int(p.stem[:2]) for p in ALL] == list(range(1, len(ALL) + 1))
    assert [source(read(p)["cells"][0]).split(".")[0] for p in ALL] == [f"# {n + 1}" for n in range(len(ALL))]
