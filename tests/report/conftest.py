"""A real browser, where there is one, and what a tool finds wrong on its page."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ("headless", "no-sandbox", "disable-gpu", "disable-background-networking", "window-size=1280,900")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""The success criteria of WCAG 2.2, levels A and AA, as far as axe can check them."""


@pytest.fixture(scope="module", name="chrome")
def _chrome() -> Iterator[Any]:
    """Start a browser, with what it asks of anybody written down."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        pytest.skip("there is no Chromium with its driver here")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ARGUMENTS:
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield found
    found.quit()


@pytest.fixture(name="barriers")
def _barriers() -> Callable[[Any], None]:
    """Assert that axe finds no barrier on the page that a browser shows."""
    axe = pytest.importorskip("axe_core_python.base", reason="axe-core-python is not installed")
    tool = Path(axe.__file__).with_name("axe.min.js").read_text(encoding="utf-8")

    def check(browser: Any) -> None:
        browser.execute_script(tool)
        asked = "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)"
        found = browser.execute_async_script(asked, RULES)
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
        assert found["passes"]

    return check
