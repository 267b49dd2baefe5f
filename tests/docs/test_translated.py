"""The translations: none is stale, none is lacking, none repeats the English, and they use the terms of the courses."""

import json
import re
from pathlib import Path

import pytest
import translated

SOURCES = pytest.mark.parametrize("path", translated.sources(), ids=lambda p: p.stem)
TERMS = {
    "virtual machine": "虛擬機",
    "guest": "客戶機",
    "host": "寄宿機",
    "privileged instruction": "特權指令",
    "sensitive instruction": "敏感指令",
    "critical instruction": "關鍵指令",
    "full virtualization": "全虛擬化",
    "paravirtualization": "旁虛擬化",
    "hardware-assisted": "硬體支持虛擬化",
    "hosted": "寄宿型",
    "monolithic": "單石型",
    "microkernel": "微核型",
    "bare-metal": "裸金屬架構",
}
"""The terms of Taiwan's courses, for what the notebooks speak of."""

MAINLAND = ("虚拟", "软件", "硬件", "内存", "程序员", "寄存器", "客户", "宿主機", "内核", "指令集架構体", "支持虚")


@SOURCES
def test_every_block_is_translated(path: Path) -> None:
    """And says something in Chinese, unless there is nothing in it but names, numbers and links; none is left over."""
    told = translated.read(path)
    assert [block for block in told if block not in translated.prose(path)] == []
    for block in translated.prose(path):
        assert told.get(block), block
        wordless = not re.search(r"[a-z]{2,}", re.sub(r"`[^`]*`|\([^)]*\)|popek", "", block))
        assert wordless or re.search(r"[\u4e00-\u9fff]", told[block]), block


@SOURCES
def test_what_is_no_word_is_kept(path: Path) -> None:
    """Code and links of a block are those of its translation, wherever lines break; so are its headings and rows."""
    told = translated.read(path)
    for block in translated.prose(path):
        for kind in (r"`[^`]+`", r"\]\(([^)]+)\)", r"^#+ ", r"^\| "):
            found = [
                {" ".join(m.split()) for m in re.findall(kind, text, re.MULTILINE)} for text in (block, told[block])
            ]
            assert found[0] == found[1], (kind, block)


@pytest.mark.parametrize("path", translated.documents(), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_nothing_is_out_of_date(path: Path) -> None:
    """`python docs/translated.py` would change nothing."""
    assert path.exists(), "run `python docs/translated.py`"
    assert path.read_text(encoding="utf-8") == translated.documents()[path], "run `python docs/translated.py`"


@pytest.mark.parametrize("path", sorted(translated.TWINS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_the_code_is_the_same(path: Path) -> None:
    """Cell for cell, so that to run one is to run both; and its links lead somewhere."""
    ours, theirs = (
        json.loads(p.read_text(encoding="utf-8"))["cells"] for p in (path, translated.NOTEBOOKS / path.name)
    )
    assert [c["cell_type"] for c in ours] == [c["cell_type"] for c in theirs]
    code = [["".join(c["source"]) for c in cells if c["cell_type"] == "code"] for cells in (ours, theirs)]
    assert code[0] == code[1]
    prose = "\n".join("".join(c["source"]) for c in ours if c["cell_type"] == "markdown")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose)
    assert [t for t in targets if not (path.parent / t).exists()] == []


FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", sorted(translated.PAGE_TWINS.glob("*.md")), ids=lambda p: p.stem)
def test_the_code_of_a_page_is_the_same(path: Path) -> None:
    """Block for block, so that what the suite runs of the one is run of both; and its links lead somewhere."""
    ours, theirs = (p.read_text(encoding="utf-8") for p in (path, translated.HERE / path.name))
    assert FENCED.findall(ours) == FENCED.findall(theirs)
    targets = re.findall(r"\]\((?!\w+:|#)([^)#]+)", FENCED.sub("", ours))
    assert [t for t in targets if not (path.parent / t).exists()] == []


def test_every_page_that_is_translated_has_its_twin() -> None:
    """But for the index, which only the site needs; what one learns from is translated."""
    names = {p.stem for p in translated.sources() if p.suffix == ".md"}
    assert {p.stem for p in translated.PAGE_TWINS.glob("*.md")} == names - {translated.INDEX}
    assert names >= {"index", "how-to", "own-monitor", "exercises", "testing", "glossary"}


def test_every_notebook_has_its_twin_and_its_catalogue() -> None:
    """No more, no less."""
    names = {p.stem for p in translated.NOTEBOOKS.glob("*.ipynb")}
    assert {p.stem for p in translated.TWINS.glob("*.ipynb")} == names
    assert {p.stem for p in translated.LOCALE.glob("*.po")} == {p.stem for p in translated.sources()} >= names


def test_the_terms_are_those_of_the_courses() -> None:
    """Each term is used, and none of another standard's is."""
    text = "".join("".join(translated.read(p).values()) for p in translated.sources())
    assert [t for t in TERMS.values() if t not in text] == []
    assert [t for t in MAINLAND if t in text] == []


def test_blocks_are_what_stands_between_empty_lines() -> None:
    """Code and comments are not translated, and the text comes together again."""
    text = "# One\n\ntwo\nthree\n\n```python\na\n\nb\n```\n\n<!-- four -->\n\n- five\n"
    found = list(translated.blocks(text))
    assert [b for b, prose in found if prose] == ["# One", "two\nthree", "- five"]
    assert translated.in_language(text, {}) == text
    assert translated.in_language(text, {"# One": "# \u4e00"}).startswith("# \u4e00\n\ntwo")
