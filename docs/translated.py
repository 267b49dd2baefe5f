"""Translations of the pages and of the notebooks: `python docs/translated.py` brings them up to date; `--check` says.

What is translated are blocks: paragraphs, lists, headings, tables, whatever stands between empty lines, but for code.
A catalogue in gettext's own format, `docs/locale/zh_TW/NAME.po`, has the translation of each. Every notebook has one;
a page has one as soon as somebody has put an empty file there. A block that has changed
has none until somebody translates it anew, and is shown in English until then. For readers without the site, what is
translated is written down in Traditional Chinese as well, in `docs/notebooks/zh-TW` and `docs/zh-TW`: the same code,
cell for cell and block for block.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
LOCALE = HERE / "locale" / "zh_TW"
NOTEBOOKS = HERE / "notebooks"
TWINS, PAGE_TWINS = NOTEBOOKS / "zh-TW", HERE / "zh-TW"
INDEX = "index"
PAGES = (
    INDEX, "own-monitor", "exercises", "testing", "control-program", "reading-guide", "how-to", "browser", "glossary",
)  # fmt: skip
"""The pages that may be translated: those that one learns from; what one looks things up in is in English."""

FENCE = re.compile(r"^(```|~~~)")
COMMENT = re.compile(r"^<!--.*-->$", re.DOTALL)


def blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Give the blocks of a text, and whether each is to be translated; code and comments are not."""
    block: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = FENCE.match(line)
        if fence:
            block.append(line)
            if line.startswith(fence):
                yield "\n".join(block), False
                block, fence = [], ""
        elif found:
            if block:
                yield "\n".join(block), True
            block, fence = [line], found[1]
        elif line:
            block.append(line)
        elif block:
            yield from _plain(block)
            block = []
    if block:
        yield from _plain(block)


def _plain(block: list[str]) -> Iterator[tuple[str, bool]]:
    text = "\n".join(block)
    yield text, not COMMENT.match(text)


def in_language(text: str, told: Mapping[str, str]) -> str:
    """Return a text with its blocks translated, as far as they are."""
    made = "\n\n".join(told.get(block) or block if prose else block for block, prose in blocks(text))
    return made + "\n" if text.endswith("\n") else made


def catalogue(path: Path) -> Path:
    """Return where a page's or a notebook's translations are."""
    return LOCALE / f"{path.stem}.po"


def read(path: Path) -> dict[str, str]:
    """Return the translations of a page or of a notebook."""
    file = catalogue(path)
    if not file.exists():
        return {}
    with file.open("rb") as stream:
        found = read_po(stream, locale="zh_TW")
    return {str(m.id): str(m.string) for m in found if m.id and m.string}


def sources() -> list[Path]:
    """Return all that is translated: every notebook, and the pages that have a catalogue."""
    pages = (HERE / f"{name}.md" for name in PAGES)
    return [*(page for page in pages if catalogue(page).exists()), *sorted(NOTEBOOKS.glob("*.ipynb"))]


def prose(path: Path) -> list[str]:
    """Return the blocks to be translated of a page or of a notebook, in order."""
    texts = [path.read_text(encoding="utf-8")]
    if path.suffix == ".ipynb":
        texts = ["".join(c["source"]) for c in json.loads(texts[0])["cells"] if c["cell_type"] == "markdown"]
    return list(dict.fromkeys(b for text in texts for b, translate in blocks(text) if translate))


def page(path: Path, text: str, language: str) -> str:
    """Return a page or a notebook in a language, as far as it is translated; for the site."""
    told = read(path) if language == "zh_TW" else {}
    return json.dumps(_notebook(json.loads(text), told)) if path.suffix == ".ipynb" else in_language(text, told)


def _notebook(notebook: Any, told: Mapping[str, str]) -> Any:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = in_language("".join(cell["source"]), told).splitlines(keepends=True)
    return notebook


def twin(path: Path) -> str:
    """Return a notebook in Traditional Chinese, with its links as they are from one directory deeper."""
    made = _notebook(json.loads(path.read_text(encoding="utf-8")), read(path))
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = [re.sub(r"\]\(\.\./", "](../../", line) for line in cell["source"]]
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


_LINK = re.compile(r"\]\((?!\w+:|#)([^)#]+)")


def page_twin(path: Path) -> str:
    """Return a page in Traditional Chinese, with its links as they are from its own directory: to twins, if any."""
    twins = {f"{p.stem}.md" for p in sources() if p.suffix == ".md" and p.stem != INDEX}

    def placed(found: re.Match[str]) -> str:
        target = found[1]
        if target.startswith("notebooks/"):
            return f"](../notebooks/zh-TW/{target.removeprefix('notebooks/')}"
        return found[0] if target in twins else f"](../{target}"

    told = read(path)
    text = path.read_text(encoding="utf-8")
    return in_language(text, {block: _LINK.sub(placed, told.get(block) or block) for block in prose(path)})


def po(path: Path) -> str:
    """Return the catalogue of a page or of a notebook as it should be: its blocks in order, translated or not."""
    told = read(path)
    made = Catalog(locale="zh_TW", project="popek", fuzzy=False)
    made.header_comment = f"# {path.relative_to(HERE).as_posix()} in Traditional Chinese."
    for block in prose(path):
        made.add(block, told.get(block, ""))
    stream = BytesIO()
    write_po(stream, made, width=100000, omit_header=True, sort_output=False)
    head = f'{made.header_comment}\nmsgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return head + stream.getvalue().decode("utf-8")


def documents() -> dict[Path, str]:
    """Return every catalogue and every notebook in Traditional Chinese, as they should be."""
    found = {catalogue(path): po(path) for path in sources()}
    notebooks = {TWINS / path.name: twin(path) for path in sources() if path.suffix == ".ipynb"}
    pages = (path for path in sources() if path.suffix == ".md" and path.stem != INDEX)
    return found | notebooks | {PAGE_TWINS / path.name: page_twin(path) for path in pages}


def main(arguments: list[str]) -> int:
    """Write what is out of date, or only say what is."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/translated.py [--check]\n")
        return 2
    stale = [p for p, text in documents().items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    for path in stale:
        if not arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(documents()[path], encoding="utf-8", newline="\n")
        sys.stdout.write(f"{path.relative_to(HERE.parent)}\n")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
