"""The documents: what is generated is fresh, links lead somewhere, and the changelog knows the version."""

import re
from pathlib import Path

import architectures
import pytest
from generate import DOCUMENTS, words
from readme import OWN_MONITOR, README

from popek import __version__
from popek.isa import shipped
from popek.prove.decide import assumptions
from popek.vmm.monitor import MONITORS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
TEXTS = [*PAGES, *sorted(DOCS.rglob("*.py")), *sorted(DOCS.rglob("*.svg")), ROOT / "pyproject.toml"]

ALWAYS = ("README", "pdp10", "m68000")
"""Pages of architectures that are made anew in every run; the others are where the soak is."""

PLACES = re.compile(r"(?<![\w.])/(?:home|root|tmp|work|Users|opt)/")
INDEXES = re.compile(r"\b(?:py" + r"pi\.|files\.python" + r"hosted\.|conda\." + r"anaconda\.|registry\.npm)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _anchor(heading: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _anchors(page: Path) -> set[str]:
    return {_anchor(h) for h in re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)}


def _fixed_slice(path: Path) -> bool:
    return path.parent != architectures.PLACE or path.stem in ALWAYS


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, marks=[] if _fixed_slice(p) else [pytest.mark.soak])
        for p in DOCUMENTS
        if p not in (README, OWN_MONITOR)
    ],
    ids=_name,
)
def test_generated_documents_are_fresh(path: Path) -> None:
    """`python docs/generate.py` would change nothing; the examples of README and tutorial are tests of their own."""
    made = DOCUMENTS[path]()
    assert words(path, path.read_text(encoding="utf-8")) == words(path, made), "run `python docs/generate.py`"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project, and to a heading in it, finds it."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file) if file else page
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


@pytest.mark.parametrize("text", TEXTS, ids=_name)
def test_nothing_is_said_of_somebodys_machine(text: Path) -> None:
    """No absolute path of a machine, and no package index by name."""
    content = text.read_text(encoding="utf-8")
    assert PLACES.findall(content) == []
    assert INDEXES.findall(content) == []


def test_the_changelog_knows_this_version() -> None:
    """The newest version in the changelog is the package's."""
    headings = re.findall(r"^## \[([^\]]+)\]", (DOCS / "changelog.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert next(h for h in headings if h != "Unreleased") == __version__


def test_every_document_is_linked_from_the_readme() -> None:
    """Nobody has to guess what there is to read: it is linked there, or is part of the site."""
    linked = re.findall(r"\]\((docs/[^)#\s]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert "docs/index.md" in linked
    site = "\n".join(re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text("utf-8"), re.DOTALL))
    linked += [f"docs/{page}.md" for page in re.findall(r"^[\w/-]+$", site, re.MULTILINE)]
    assert "`docs/zh-TW/`" in (ROOT / "README.zh-TW.md").read_text(encoding="utf-8")
    linked += [_name(p) for p in (DOCS / "zh-TW").glob("*.md") if f"docs/{p.name}" in linked]
    assert {_name(p) for p in DOCS.rglob("*.md") if p.parent != architectures.PLACE} <= {*linked, "docs/index.md"}
    assert _name(architectures.INDEX) in linked


def test_every_architecture_has_its_page_and_figure() -> None:
    """The index links a page for each ISA of the catalogue, each shows its figure, and there are no others."""
    names = {i.name for i in shipped.catalogue()}
    linked = re.findall(r"\]\(([^)#\s/]+)\.md\)", architectures.INDEX.read_text(encoding="utf-8"))
    assert sorted(linked) == sorted(names)
    assert {p.stem for p in architectures.PLACE.glob("*.md")} == {*names, architectures.INDEX.stem}
    assert {p.stem for p in architectures.PLACE.glob("*.svg")} == names
    for name in names:
        page = (architectures.PLACE / f"{name}.md").read_text(encoding="utf-8")
        assert f"]({name}.svg)" in page
        assert "](README.md)" in page


def test_the_assumptions_are_all_in_the_docs() -> None:
    """What the page on the proof lists is what every answer lists, for all shipped monitors: no more, no less."""
    text = (DOCS / "theorems.md").read_text(encoding="utf-8")
    section = text.split("## What is assumed", 1)[1].split("\n## ", 1)[0]
    listed = re.findall(r"^- (.*)$", section, re.MULTILINE)
    assert tuple(listed) == assumptions(*MONITORS.values())


def test_the_page_on_the_proof_names_what_there_is() -> None:
    """Every function that the page names is in the code."""
    text = (DOCS / "theorems.md").read_text(encoding="utf-8")
    table = text.split("## Statement by statement", 1)[1].split("\n## ", 1)[0]
    code = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "popek").rglob("*.py")))
    cells = [row.split(" | ")[-1] for row in table.splitlines() if row.startswith("| ")]
    names = [n for cell in cells for n in re.findall(r"`([^`]+)`", cell)]
    assert len(names) > 25
    for name in names:
        found = (ROOT / "popek" / name).exists() if "/" in name else re.search(rf"(def|class) {name}\b", code)
        assert found, name
