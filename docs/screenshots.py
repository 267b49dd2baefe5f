"""The pictures of docs/screenshots.md: `python docs/screenshots.py` makes them all.

The debugger is drawn by Textual without a terminal. The report and a notebook need a Chromium with its driver, and the
extra `browser`; where there is none they are left as they are, and that is said.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import popek
from popek.cli.debugger.app import Debugger
from popek.report.pages import write

PLACE = Path(__file__).parent / "images"
NOTEBOOK = Path(__file__).parent / "notebooks" / "06-the-pdp-10-and-theorem-3.ipynb"
SIZE = (100, 34)


async def _debugger() -> str:
    app = Debugger(popek.debug("os", monitor="trap-and-emulate"))
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(12):
            app.session.step()
        await pilot.press("s")
        await pilot.pause()
        return app.export_screenshot(title="popek debug os --monitor trap-and-emulate")


def _without_fonts(svg: str) -> str:
    """Return a picture that loads no font from anywhere."""
    while "@font-face" in svg:
        start = svg.index("@font-face")
        svg = svg[:start] + svg[svg.index("}", start) + 1 :]
    return svg


def _cells(path: Path, most: int) -> str:
    """Return the first values that a notebook shows, each under its code, as a page."""
    names: dict[str, object] = {}
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        code = "".join(cell["source"])
        if cell["cell_type"] == "code":
            exec(compile(code, path.name, "exec"), names)  # noqa: S102 - a notebook of ours
            value = names.get(code.rsplit("\n", 1)[-1])
            if hasattr(value, "_repr_html_"):
                parts.append(f"<pre>{code}</pre>{value._repr_html_()}")
    return "<!doctype html><meta charset='utf-8'><body style='max-width:60rem'>" + "".join(parts[-most:])


def _in_browser(pages: Mapping[str, Path]) -> bool:
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        return False
    from selenium import webdriver  # noqa: PLC0415 - only where there is a browser

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless", "no-sandbox", "disable-gpu", "hide-scrollbars", "window-size=1100,1000"):
        options.add_argument(f"--{argument}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        for name, page in pages.items():
            browser.get(page.as_uri())
            browser.save_screenshot(str(PLACE / name))
    finally:
        browser.quit()
    return True


def main() -> int:
    """Make the pictures."""
    (PLACE / "debugger.svg").write_text(_without_fonts(asyncio.run(_debugger())), encoding="utf-8", newline="\n")
    with tempfile.TemporaryDirectory() as directory:
        report, notebook = Path(directory) / "report.html", Path(directory) / "notebook.html"
        write(popek.verdict("variants"), report)
        notebook.write_text(_cells(NOTEBOOK, 3), encoding="utf-8")
        made = _in_browser({"report.png": report, "notebook.png": notebook})
    sys.stdout.write(
        "made all\n" if made else "no Chromium with its driver: report.png and notebook.png are left as they are\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
