"""Run notebooks on a built JupyterLite, in a real browser: `python docs/lite/check.py SITE NOTEBOOK...`.

It serves the site on this machine, opens each notebook, runs all its cells in the kernel that the browser starts, and
says how many ran and which failed; at last, what was asked of anybody else. It needs Chromium, its driver and selenium.
"""

import json
import shutil
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from selenium import webdriver

SECONDS = 600
"""Within so much time a kernel has started, or a notebook has run."""

READY = "return Boolean(window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel)"
RUN = "const done = arguments[0]; window.jupyterapp.commands.execute('notebook:run-all-cells').then(done, done)"
CELLS = """
const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
return Array.from({ length: cells.length }, (_, n) => cells.get(n)).filter((c) => c.type === "code").map((c) => ({
  id: c.id, ran: c.executionCount !== null, errors: c.outputs.toJSON().filter((o) => o.output_type === "error")
}));
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve(site: Path) -> int:
    """Serve a directory to this machine alone; return at which port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def _start() -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "google-chrome"
    for argument in ("headless", "no-sandbox", "disable-gpu", "window-size=1300,1600"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    browser.set_script_timeout(SECONDS)
    return browser


def _until(browser: Any, script: str) -> None:
    end = time.monotonic() + SECONDS
    while not browser.execute_script(script):
        assert time.monotonic() < end, "the kernel did not start"
        time.sleep(1)


def _check(browser: Any, address: str, name: str) -> bool:
    """Run a notebook; say what came of it, and whether all of it ran."""
    began = time.monotonic()
    browser.get(f"{address}/notebooks/index.html?path={name}")
    _until(browser, READY)
    browser.execute_async_script(RUN)
    cells = browser.execute_script(CELLS)
    failed = [f"{c['id']}: {e['ename']}: {e['evalue']}" for c in cells for e in c["errors"]]
    ran = sum(c["ran"] for c in cells)
    told = "; ".join(failed) or f"{ran} of {len(cells)} cells ran"
    sys.stdout.write(f"{name}: {told}, {time.monotonic() - began:.0f} s\n")
    sys.stdout.flush()
    return not failed and ran == len(cells)


def main(site: str, *notebooks: str) -> int:
    """Run them all, each in a kernel of its own."""
    settings = Path(site) / "jupyter-lite.json"
    said = json.loads(settings.read_text(encoding="utf-8"))
    said["jupyter-config-data"]["exposeAppInBrowser"] = True  # so that the cells can be run and read from outside
    settings.write_text(json.dumps(said), encoding="utf-8")
    address = f"http://127.0.0.1:{_serve(Path(site))}"
    browser = _start()
    try:
        found = [_check(browser, address, name) for name in notebooks]
        events = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
        asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    finally:
        browser.quit()
    others = sorted(u for u in asked if not u.startswith((address, "data:", "blob:")))
    sys.stdout.write(f"requests to anybody else: {', '.join(others) or 'none'}\n")
    return 0 if all(found) and not others else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
