"""The pictures of docs/screenshots.md: `python docs/screenshots.py` makes them all.

The terminal's and the debugger's are drawn by rich and Textual, without a terminal. A notebook and the report need a
Chromium with its driver, and the extra `browser`; where there is none they are left as they are, and that is said.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from picture import verdict_picture, without_fonts

import popek
from popek.cli.debugger.app import Debugger
from popek.report.pages import write
from popek.report.widget import SCRIPT, STYLE, TOLD

PLACE = Path(__file__).parent / "images"
NOTEBOOK, SHOWN = Path(__file__).parent / "notebooks" / "06-the-pdp-10-and-theorem-3.ipynb", (10, 14)
GUEST, STEPS = "supervisor-call", 44
SIZE = (120, 37)
WINDOWS = {"report": (1320, 1000), "notebook": (1100, 3000), "widget": (1100, 2000)}
"""How wide and how high the browser's window is for each page, so that nothing of what is pictured is cut off."""

SCHEMES = {"": "light", "-dark": "dark"}
LOOK = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1b1f; --code: #f3f3f6; --line: #c4c5cc; }
@media (prefers-color-scheme: dark) { :root { --ground: #17181c; --text: #ececf1; --code: #22232a; --line: #55565e; } }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { padding: 1rem 1.5rem; width: 62rem; }
code, pre { font: 0.85rem/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: 0.75rem 0; padding: 0.5rem 0.75rem; background: var(--code); border: 1px solid var(--line); }
"""
MODEL = """
const [values, script] = TOLD;
const model = { get: (name) => values[name], on: () => {}, off: () => {}, send: () => {} };
const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
import(address).then((module) => module.default.render({ model, el: document.querySelector("main") }));
"""
"""Shows the widget as a notebook does, but for a kernel behind it."""


async def _debugger() -> str:
    app = Debugger(popek.debug(GUEST, monitor="trap-and-emulate"))
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(STEPS):
            app.session.step()
        await pilot.press("s")
        await pilot.pause()
        return without_fonts(app.export_screenshot(title=f"popek debug {GUEST} --monitor trap-and-emulate"))


def _cells(path: Path, first: int, last: int) -> Iterator[str]:
    """Give some cells of a notebook as HTML: the prose, the code, and what the value of its last line shows."""
    names: dict[str, object] = {}
    prose = MarkdownIt()
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
        text, shown = "".join(cell["source"]), first <= number <= last
        if cell["cell_type"] == "markdown":
            yield prose.render(text) if shown else ""
            continue
        exec(compile(text, path.name, "exec"), names)  # noqa: S102 - a notebook of ours
        value = names.get(text.rsplit("\n", 1)[-1])
        if shown:
            yield f"<pre>{escape(text)}</pre>{value._repr_html_() if hasattr(value, '_repr_html_') else ''}"
        if number == last:
            return


def _page(body: str, style: str = "") -> str:
    return f"<!doctype html><html lang='en'><meta charset='utf-8'><style>{LOOK}{style}</style>{body}</html>"


def _notebook() -> str:
    return _page(f"<main>{''.join(_cells(NOTEBOOK, *SHOWN))}</main>")


def _widget() -> str:
    widget = popek.debug(GUEST, monitor="trap-and-emulate").buttons()
    widget.forward(STEPS + 1)
    widget.back()
    told = json.dumps([{name: getattr(widget, name) for name in TOLD}, SCRIPT]).replace("</", "<\\/")
    return _page(f"<main></main><script type='module'>{MODEL.replace('TOLD', told)}</script>", STYLE)


def _start() -> Any:
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        return None
    from selenium import webdriver  # noqa: PLC0415 - only where there is a browser

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless", "no-sandbox", "disable-gpu", "hide-scrollbars", "force-device-scale-factor=1.25"):
        options.add_argument(f"--{argument}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))


def _png(what: Any) -> bytes:
    """Return a picture of a page's part, or of a window."""
    made: bytes = what.get_screenshot_as_png() if hasattr(what, "get_screenshot_as_png") else what.screenshot_as_png
    return made


def _in_browser(pages: Mapping[str, Path]) -> bool:
    """Take a picture of each page in both schemes; say whether there is a browser for it."""
    browser = _start()
    if browser is None:
        return False
    try:
        for name, page in pages.items():
            for suffix, scheme in SCHEMES.items():
                media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
                browser.set_window_size(*WINDOWS[name])
                browser.get(page.as_uri())
                whole = browser if name == "report" else browser.find_element("css selector", "main")
                (PLACE / f"{name}{suffix}.png").write_bytes(_png(whole))
    finally:
        browser.quit()
    return True


def main() -> int:
    """Make the pictures."""
    for name, svg in (("verdict", verdict_picture()), ("debugger", asyncio.run(_debugger()))):
        (PLACE / f"{name}.svg").write_text(svg, encoding="utf-8", newline="\n")
    with tempfile.TemporaryDirectory() as directory:
        pages = {name: Path(directory) / f"{name}.html" for name in WINDOWS}
        write(popek.verdict("classic", "catalogue"), pages["report"])
        for name, text in (("notebook", _notebook()), ("widget", _widget())):
            pages[name].write_text(text, encoding="utf-8")
        made = _in_browser(pages)
    sys.stdout.write(
        "made all\n"
        if made
        else "no Chromium with its driver: those of the report and of a notebook stay as they are\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
