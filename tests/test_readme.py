"""The README and the pages do what they say: whatever is shown as code is run, and prints what stands there."""

import doctest
import re
from pathlib import Path

import pytest
from manual import GENERATED
from readme import README, Session, blocks, files, sessions, write_files

TEXT = README.read_text(encoding="utf-8")
DOCS = README.parent / "docs"
PAGES = {
    path.relative_to(README.parent).as_posix(): path.read_text(encoding="utf-8")
    for path in (*sorted(README.parent.glob("README*.md")), *sorted(DOCS.rglob("*.md")))
}
SESSIONS = [(name, s) for name, text in PAGES.items() for block in blocks("console", text) for s in sessions(block)]
EXAMPLES = {n: [b for b in blocks("python", t) if b.startswith(">>>")] for n, t in PAGES.items()}

SITE = ("{toctree}", "{include}", "{eval-rst}")
"""What is no code but a word to whoever builds the site; that it is built is a test of its own."""


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


@pytest.mark.parametrize("name", [n for n, examples in EXAMPLES.items() if examples])
def test_the_library_answers_what_is_shown(name: str) -> None:
    """Every `>>>` in a `python` block gives what stands below it; what an earlier one has made, a later one has."""
    made: dict[str, object] = {}
    for number, block in enumerate(EXAMPLES[name]):
        test = doctest.DocTestParser().get_doctest(block, made, f"{name} {number}", name, 0)
        made = test.globs
        assert doctest.DocTestRunner(verbose=False).run(test, clear_globs=False).failed == 0


BY_HAND = "docs/how-to.md", "docs/zh-TW/how-to.md", "docs/browser.md"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_shown_that_is_not_run(name: str) -> None:
    """A block of code is a session, an example, or a file that a session of the page uses; or the page is generated.

    What stands in `sh` is run by `.ci/run` and by the test that builds the site; but what `docs/browser.md` says of
    JupyterLite needs npm, a browser and half an hour, so `docs/lite/check.py` is run by hand.
    """
    text = PAGES[name]
    found = re.findall(r"^```(\S*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    used = " ".join(s.line for page, s in SESSIONS if page == name)
    for language, block in found:
        shown = [file for _, file in files(f"```{language}\n{block}```")]
        is_run = language == "console" or language in SITE or block.startswith(">>>") or (shown and shown[0] in used)
        elsewhere = language == "text" and GENERATED in text
        by_hand = language == "sh" and (name.startswith("README") or name in BY_HAND)
        assert is_run or elsewhere or by_hand, block


def test_two_commands_do_everything() -> None:
    """A stranger needs two lines, one to use popek and one to pass its tests; `.ci/run` runs these very lines."""
    lines = [line for block in blocks("sh", TEXT) for line in block.splitlines()]
    assert [line.split(" && ")[0] for line in lines] == ["python3 -m venv .venv"] * 2
