"""The README and the tutorial do what they say: commands run, print what is shown, and end as they should."""

import doctest
from pathlib import Path

import pytest
from readme import CONTROL_PROGRAM, EXERCISES, OWN_MONITOR, README, TESTING, Session, blocks, sessions, write_files

TEXT = README.read_text(encoding="utf-8")
PAGES = {p.name: p.read_text(encoding="utf-8") for p in (README, OWN_MONITOR, EXERCISES, CONTROL_PROGRAM)}
SESSIONS = [(name, s) for name, text in PAGES.items() for block in blocks("console", text) for s in sessions(block)]


@pytest.fixture(scope="module")
def directories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return, for each page, a directory with the files that it shows."""
    found = {name: tmp_path_factory.mktemp("page") for name in PAGES}
    for name, path in found.items():
        write_files(PAGES[name], path)
    return found


@pytest.mark.parametrize(("page", "session"), SESSIONS, ids=[f"{name}: {s.line}" for name, s in SESSIONS])
def test_commands_print_what_is_shown(page: str, session: Session, directories: dict[str, Path]) -> None:
    """A `console` block is a record of what happens; where no output is shown, any will do."""
    assert session.run(directories[page]).written() == session.written()


def test_the_tutorial_leaves_nothing_untried() -> None:
    """Every Python block of the tutorial is a file that some command there uses."""
    text = PAGES[OWN_MONITOR.name]
    names = [b.split("\n", 1)[0].removeprefix("# ") for b in blocks("python", text)]
    assert names
    assert all(any(n in s.line for page, s in SESSIONS if page == OWN_MONITOR.name) for n in names)


@pytest.mark.parametrize("path", [README, TESTING], ids=lambda p: p.name)
def test_the_library_answers_what_is_shown(path: Path) -> None:
    """Every `>>>` in a `python` block gives what stands below it."""
    examples = [b for b in blocks("python", path.read_text(encoding="utf-8")) if b.startswith(">>>")]
    assert examples
    for number, block in enumerate(examples):
        test = doctest.DocTestParser().get_doctest(block, {}, f"{path.name} {number}", path.name, 0)
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


def test_two_commands_do_everything() -> None:
    """A stranger needs two lines, one to use popek and one to pass its tests; `.ci/run` runs these very lines."""
    lines = [line for block in blocks("sh", TEXT) for line in block.splitlines()]
    assert [line.split(" && ")[0] for line in lines] == ["python3 -m venv .venv"] * 2
