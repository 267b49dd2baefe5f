"""The documentation site: it can be built, without a warning, in both languages, and asks nobody for anything."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import translated
from reading import GUIDE, guide, steps
from readme import HOW_TO, blocks

import popek
from popek import testing

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PATTERNS = ("*.md", "api/*.md", "architectures/*.md", "notebooks/*.ipynb")

pytest.importorskip("myst_nb", reason="the extra `docs` is not installed")


COMMANDS = [c for block in blocks("sh", HOW_TO.read_text(encoding="utf-8")) for c in block.splitlines()]
"""How the site is built, in each language, as its page says."""


def build(command: str, directory: Path) -> Path:
    """Build the site, but for the notebooks' outputs: `tests/test_notebooks.py` runs those."""
    _, *arguments, _ = command.split()
    line = [sys.executable, *arguments, "-q", "--keep-going", "-D", "nb_execution_mode=off", str(directory)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="module", name="site")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site in each language, the second one inside the first as its page says."""
    directory = tmp_path_factory.mktemp("site")
    for command in COMMANDS:
        build(command, directory / Path(command.split()[-1]).relative_to("site"))
    return directory


class _Loads(HTMLParser):
    """What a page loads when it is opened: whatever a link that one has to click does not."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.loads += [str(v) for n, v in attrs if n in ("src", "href", "srcset", "data", "poster")]


class _Links(HTMLParser):
    """The links of a page that lead to another language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.of_other_language: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and "hreflang" in found:
            self.of_other_language.append(str(found["href"]))


def _outside(site: Path) -> Iterator[str]:
    for page in sorted(site.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        yield from (f"{page.name}: {a}" for a in _Loads(text).loads if re.match(r"(\w+:)?//", a))
    for style in sorted(site.rglob("*.css")):
        found = re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]*)", style.read_text(encoding="utf-8"))
        yield from (f"{style.name}: {a}" for a in found)
    for script in sorted(site.rglob("*.js")):
        text = script.read_text(encoding="utf-8")
        found = re.findall(r"(?:import\(|fetch\(|src ?= ?)['\"]((?:https?:)?//[^'\"]*)", text)
        yield from (f"{script.name}: {a}" for a in found)


def test_the_site_asks_nobody_for_anything(site: Path) -> None:
    """No page, style or script loads what is not there beside it; the notebooks need no script at all."""
    assert list(_outside(site)) == []
    for page in (site / "notebooks").glob("*.html"):
        scripts = [s for s in _Loads(page.read_text(encoding="utf-8")).loads if s.endswith(".js")]
        assert not [s for s in scripts if "mathjax" in s.lower() or "require" in s.lower() or "thebe" in s.lower()]


def test_every_page_is_there(site: Path) -> None:
    """Each document, each notebook and each architecture has its page, and the notebooks come in their order."""
    for path in (
        p for pattern in ("*.md", "api/*.md", "architectures/*.md", "notebooks/*.ipynb") for p in DOCS.glob(pattern)
    ):
        assert (site / path.relative_to(DOCS)).with_suffix(".html").exists(), path
    index = (site / "index.html").read_text(encoding="utf-8")
    numbers = re.findall(r'href="notebooks/(\d\d)-', index)
    assert sorted(set(numbers), key=numbers.index) == [f"{n + 1:02}" for n in range(len(set(numbers)))]


def test_it_is_there_in_both_languages(site: Path) -> None:
    """Each page has a link to itself in the other language; what is translated is shown, and titles are."""
    for ours, there in ((site, site / "zh-TW"), (site / "zh-TW", site)):
        for page in ("index", "how-to", "start", "notebooks/05-theorem-1", "api/library", "architectures/x86"):
            file = (ours / page).with_suffix(".html")
            links = _Links(file.read_text(encoding="utf-8")).of_other_language
            assert [(file.parent / link).resolve() for link in links] == [(there / page).with_suffix(".html").resolve()]
    index = (site / "zh-TW" / "index.html").read_text(encoding="utf-8")
    assert 'lang="zh-TW"' in index
    for path in translated.sources():
        page = (site / "zh-TW" / path.relative_to(DOCS)).with_suffix(".html").read_text(encoding="utf-8")
        title = next(t for b, t in translated.read(path).items() if b.startswith("# "))
        assert escape(title.removeprefix("# "), quote=False) in page, path
    assert re.findall(r'class="caption-text">([^<]*)<', index)[:4] == ["教學", "做法", "參考（多為英文）", "說明"]
    for page in ("architectures/x86", "api/testing", "isa"):
        assert "這一頁只有英文。" in (site / "zh-TW" / page).with_suffix(".html").read_text(encoding="utf-8"), page


def test_the_library_is_described(site: Path) -> None:
    """Every public name of `popek` and of `popek.testing` has its place in the reference."""
    pages = "\n".join(p.read_text(encoding="utf-8") for p in (site / "api").glob("*.html"))
    ids = {name.rsplit(".", 1)[-1] for name in re.findall(r'id="([\w.]+)"', pages)}
    assert {*popek.__all__, *testing.__all__} - {"__version__"} <= ids


def test_the_reading_guide_can_be_read_in_half_an_hour() -> None:
    """Some 800 lines, counted in the code as it is; each step says what to read, and what to ask."""
    text = GUIDE.read_text(encoding="utf-8")
    assert text == guide(), "run `python docs/generate.py`"
    read = steps(text)
    assert [int(number) for number, *_ in read] == list(range(1, 15))
    assert 700 <= sum(count for *_, count in read) <= 880
    assert all(3 < count < 160 for *_, count in read)
