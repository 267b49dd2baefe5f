"""The documentation site: `python -m sphinx -W -b html docs site`; with `-D language=zh_TW`, what is translated is.

The one in Traditional Chinese belongs into the directory `zh-TW` of the other: each page has a link to itself there.

Nothing is loaded from anywhere, neither when the site is built nor when it is read. With `-D nb_execution_mode=off` the
notebooks are shown without what they print; `tests/test_notebooks.py` runs them in any case.
"""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import translated  # noqa: E402 - a script beside this file

from popek import __version__  # noqa: E402 - popek may be beside this directory and not installed

project = "popek"
author = "the authors of popek"
copyright = "the authors of popek"  # noqa: A001 - Sphinx's name for it
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["locale", "templates", "zh-TW", "notebooks/zh-TW", "course-suite", "measured", "lite"]
html_theme = "furo"
html_title = f"popek {version}"
html_extra_path: list[str] = []
html_static_path: list[str] = []
templates_path = ["templates"]
PARTS = ("brand", "search", "language", "scroll-start", "navigation", "scroll-end", "variant-selector")
html_sidebars = {"**": [f"sidebar/{part}.html" for part in PARTS]}
html_copy_source = False

myst_heading_anchors = 4
myst_linkify_fuzzy_links = False
myst_enable_extensions: list[str] = []
suppress_warnings = ["mystnb.unknown_mime_type"]

nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
# Buttons would have to be loaded from elsewhere: the page shows where a guest is.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("html", "text/html", 0)]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
default_role = "code"

ARCHITECTURES = "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"
"""What the site needs on the page of the architectures, and a reader of that page's text does not."""


CAPTIONS = {"Tutorial": "教學", "How-to": "做法", "Reference": "參考（多為英文）", "Explanation": "說明"}
"""What the parts of the site are called in Traditional Chinese."""

IN_ENGLISH = "這一頁只有英文。"
"""What is said below the title of a page that is not translated."""


def in_the_language(app: Sphinx, name: str, source: list[str]) -> None:
    """Put a page's translation in the place of its text, in any language but English."""
    if name == "architectures/README":
        source[0] += ARCHITECTURES
    if app.config.language != "en":
        path = Path(str(app.env.doc2path(name)))
        if path in translated.sources():
            source[0] = translated.page(path, source[0], app.config.language)
        elif name == "start":
            source[0] = source[0].replace("README.zh-TW.md", "README.md").replace("../README.md", "../README.zh-TW.md")
        else:
            source[0] = re.sub(r"^# .*$", rf"\g<0>\n\n> {IN_ENGLISH}", source[0], count=1, flags=re.MULTILINE)
        for english, told in CAPTIONS.items():
            source[0] = source[0].replace(f":caption: {english}\n", f":caption: {told}\n")


def setup(app: Sphinx) -> None:
    """Have the pages translated when they are read."""
    app.connect("source-read", in_the_language)
