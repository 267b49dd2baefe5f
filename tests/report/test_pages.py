"""The report is one file that is whole, loads nothing, and does in a real browser what it says."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import popek
from popek.errors import PopekError
from popek.language.speaking import CHINESE, speaking
from popek.report.pages import page, said, write

ISAS = ("classic", "jrst1", "setb")
REFUTED = "✗ refuted: equivalence of jrst1"


@pytest.fixture(scope="module", name="text")
def _text() -> str:
    return page(popek.verdict(*ISAS))


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def _parts(text: str) -> _Parts:
    parts = _Parts()
    parts.feed(text)
    return parts


def test_it_needs_nothing_else(text: str) -> None:
    """No address in it is anywhere else, and its policy forbids to load anything."""
    loaded = [a for _, attributes in _parts(text).tags for n, a in attributes.items() if n in ("src", "href")]
    assert loaded == ["data:,", "#verdicts"]
    assert "default-src 'none'" in text
    script = text[text.rindex("<script>") :]
    assert not re.search(r"fetch|XMLHttpRequest|import\(|innerHTML|document\.write|eval\(|https?:", script)


def test_it_has_all_the_verdicts(text: str) -> None:
    """As JSON, the same as `popek verdict --json` gives."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    assert json.loads(found.group(1))["isas"] == json.loads(json.dumps(popek.verdict(*ISAS).to_dict()))["isas"]


def test_names_cannot_end_the_script() -> None:
    """Whatever somebody calls an ISA."""
    hostile = popek.load("classic").vary("</script><script>alert(1)</script><!--", {})
    text = page(popek.verdict(hostile, monitor="trap-and-emulate"))
    assert [t for t, _ in _parts(text).tags].count("script") == 3
    assert "<script>alert" not in text


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where it cannot be written, that is said."""
    verdict = popek.verdict("classic", monitor="hybrid")
    written = write(verdict, tmp_path / "report.html")
    assert written.size == (tmp_path / "report.html").stat().st_size
    with pytest.raises(PopekError, match="no directory"):
        write(verdict, tmp_path / "gone" / "report.html")


def test_it_is_told_in_the_language_that_is_spoken(text: str) -> None:
    """All that a reader sees, by a table beside the data, which is the same; in English the table is empty."""
    with speaking(CHINESE):
        told = page(popek.verdict(*ISAS))
    data = [re.findall(r'<script type="application/json" id="data">(.*?)</script>', t, re.DOTALL) for t in (text, told)]
    assert data[0] == data[1]
    words = [json.loads(re.findall(r'id="words">(.*?)</script>', t, re.DOTALL)[0]) for t in (text, told)]
    assert words[0] == {}
    assert set(said()) <= words[1].keys()
    assert words[1]["proved"] == "已證明"
    assert words[1]["mode is 1 on the bare machine and 0 in the virtual one"] == "mode 在裸機上是 1，在虛擬機裡是 0"
    assert '<html lang="zh-TW">' in told
    assert "[[" not in told.partition("<script")[0]
    seen = re.sub(r"<(script|style).*?</\1>|<[^>]*>|`[^`]*`", "", told, flags=re.DOTALL)
    assert not re.search(r"[a-z]+ [a-z]+", seen)


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(name="browser")
def _browser(chrome: Any, text: str, tmp_path: Path) -> Any:
    """Open the report, as somebody does who has been sent the file."""
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    chrome.get(path.as_uri())
    return chrome


def _choose(browser: Any, name: str, text: str) -> None:
    ui = pytest.importorskip("selenium.webdriver.support.ui")
    ui.Select(browser.find_element("id", name)).select_by_visible_text(text)


def _names(browser: Any) -> list[str]:
    return [e.text for e in browser.find_elements("css selector", "#rows th button")]


def test_the_table_shows_every_machine(browser: Any) -> None:
    """With a mark and a word for every claim."""
    assert _names(browser) == list(ISAS)
    cells = [e.text for e in browser.find_elements("css selector", "#rows tr:nth-child(2) td button")]
    assert cells == ["✗ refuted", "✗ refuted", "✓ proved", "✗ refuted", "✓ proved", "✓ proved", "✓ proved"]


def test_it_can_be_sorted_and_filtered(browser: Any) -> None:
    """By a column's heading, up and down; by what is typed; by what holds; under another monitor."""
    head = browser.find_element("css selector", "#head th:first-child button")
    head.click()
    head = browser.find_element("css selector", "#head th:first-child button")
    head.click()
    assert _names(browser) == ["setb", "jrst1", "classic"]
    assert browser.find_element("css selector", "#head th").get_attribute("aria-sort") == "descending"
    find = browser.find_element("id", "find")
    find.send_keys("jsu")
    assert _names(browser) == ["jrst1"]
    assert browser.find_element("id", "count").text == "1 of 3 machines"
    find.clear()
    find.send_keys(" ")
    _choose(browser, "which", "where a theorem fails and equivalence is proved all the same")
    assert _names(browser) == ["setb"]
    _choose(browser, "monitor", "hybrid")
    assert _names(browser) == ["setb", "jrst1"]
    assert "hybrid" in browser.find_element("id", "caption").text


def test_a_refutation_opens_to_its_guest(browser: Any) -> None:
    """With both traces and where they differ; it closes with the keyboard."""
    browser.find_element("css selector", f'[aria-label="{REFUTED}"]').click()
    body = browser.find_element("id", "detail-body").text
    assert "To blame: jsu." in body
    assert "jsu r1" in body
    assert "mode is 1 on the bare machine and 0 in the virtual one" in body
    captions = [e.text for e in browser.find_elements("css selector", "#detail-body caption")]
    assert captions == ["Where they differ", *(f"The last steps of the {m} machine" for m in ("bare", "virtual"))]
    browser.switch_to.active_element.send_keys("\ue00c")
    assert not browser.find_element("id", "detail").is_displayed()


def test_a_theorem_opens_to_what_it_asks_and_who_is_in_its_way(browser: Any) -> None:
    """Each instruction to blame with why it is sensitive."""
    browser.find_element("css selector", '[aria-label="✗ refuted: theorem 1 of jrst1"]').click()
    body = browser.find_element("id", "detail-body")
    assert "if whatever is sensitive is privileged" in body.text
    rows = [e.text for e in body.find_elements("css selector", "tbody tr")]
    assert rows == ["jsu control"]
    browser.find_element("id", "close").click()


def test_a_machine_opens_to_its_instructions(browser: Any) -> None:
    """Each with its classes."""
    browser.find_element("css selector", "#rows th button").click()
    assert len(browser.find_elements("css selector", "#detail-body tbody tr")) >= 44
    browser.find_element("id", "close").click()


def test_it_can_be_read_in_another_language(chrome: Any, tmp_path: Path) -> None:
    """The table and what opens from it have no sentence of English."""
    path = tmp_path / "report.html"
    with speaking(CHINESE):
        write(popek.verdict(*ISAS), path)
    chrome.get(path.as_uri())
    assert chrome.find_element("id", "count").text == "3 部機器中的 3 部"
    chrome.find_element("css selector", "#rows tr:nth-child(2) td button").click()
    for part in ("body", "dialog"):
        text = chrome.find_element("css selector", part).text
        assert not re.search(r"(?<![-\w])(the|of|is|and|step|machine|proved|refuted)(?![-\w])", text), text
    assert "歸咎於：jsu。" in chrome.find_element("id", "detail-body").text
    chrome.find_element("id", "close").click()


def test_nothing_is_asked_of_anybody(browser: Any) -> None:
    """No request but for the file itself, and no complaint on the console."""
    events = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert [e for e in browser.get_log("browser") if e["level"] != "INFO"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_tool_finds_no_barrier(browser: Any, barriers: Callable[[Any], None], scheme: str) -> None:
    """The rules of WCAG 2.2 AA that axe can check, on the page and on an open refutation, light and dark."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    for closed in (True, False):
        if not closed:
            browser.find_element("css selector", f'[aria-label="{REFUTED}"]').click()
        barriers(browser)
    browser.find_element("id", "close").click()
