"""The widget's script, in a real browser, before the real widget: what is clicked, dragged and typed there is done."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import popek

widgets = pytest.importorskip("popek.report.widget", reason="the extra `notebook` is not installed")

PAGE = "<!doctype html><html lang='en'><meta charset='utf-8'><title>A widget</title><main id='here'></main></html>"
MODEL = """
const [script, style, values, done] = arguments;
const heard = {};
window.sent = [];
window.model = {
  get: (name) => values[name],
  on: (event, call) => (heard[event] ??= new Set()).add(call),
  off: (event, call) => heard[event]?.delete(call),
  send: (content) => window.sent.push(content),
  heard: () => Object.values(heard).reduce((sum, calls) => sum + calls.size, 0),
  update: (changed) => {
    const names = Object.keys(changed).filter((name) => changed[name] !== values[name]);
    Object.assign(values, changed);
    for (const name of names) for (const call of heard["change:" + name] ?? []) call();
  },
};
const sheet = document.createElement("style");
sheet.textContent = style;
document.head.append(sheet);
const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
import(address).then((module) => {
  window.cleanup = module.default.render({ model: window.model, el: document.getElementById("here") });
  done();
});
"""
"""A stand-in for the model that anywidget hands to the script, which it loads in the same way."""

KEYS = {"tab": "\ue004", "space": " ", "enter": "\ue007", "right": "\ue014", "left": "\ue012", "home": "\ue011"}
GUEST = """
        .org    8
        .word   0, handler, 0, -1
        .org    16
start:  lpsw    psw(r0)
psw:    .word   1, 0, code, 4
code:   ldi     r1, 1
        svc     7
        nop
        nop
handler:
        halt
"""


class Page:
    """The widget on a page, and between the two what the kernel and the notebook do: carry messages and values."""

    def __init__(self, browser: Any, widget: Any) -> None:
        self.browser, self.widget = browser, widget
        browser.execute_async_script(MODEL, widgets.SCRIPT, widgets.STYLE, self.values())

    def values(self) -> dict[str, object]:
        """Return all that the page is told."""
        return {name: getattr(self.widget, name) for name in widgets.TOLD}

    def carry(self) -> list[dict[str, object]]:
        """Hand what was sent to the widget, and its values to the page; return what was sent."""
        sent: list[dict[str, object]] = self.browser.execute_script("return window.sent.splice(0)")
        for content in sent:
            self.widget._asked(self.widget, content, [])
            self.browser.execute_script("window.model.update(arguments[0])", self.values())
        return sent

    def button(self, name: str) -> Any:
        """Return the button with that label."""
        (found,) = (b for b in self.browser.find_elements("tag name", "button") if b.text == self.widget.labels[name])
        return found

    def click(self, name: str) -> list[dict[str, object]]:
        """Click on a button; return what was sent."""
        self.button(name).click()
        return self.carry()

    def type(self, key: str) -> list[dict[str, object]]:
        """Type a key, wherever the focus is; return what was sent."""
        self.browser.switch_to.active_element.send_keys(KEYS[key])
        return self.carry()

    @property
    def slider(self) -> Any:
        """The slider."""
        return self.browser.find_element("css selector", "input[type=range]")

    @property
    def text(self) -> str:
        """All that can be read."""
        said: str = self.browser.find_element("id", "here").text
        return said


@pytest.fixture(name="page")
def _page(chrome: Any, tmp_path: Path) -> Page:
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    chrome.get(path.as_uri())
    return Page(chrome, widgets.Stepping(popek.debug(popek.assemble(GUEST), monitor="trap-and-emulate")))


def test_the_buttons_move_the_guest(page: Page) -> None:
    """Step, back, run, and to the beginning; the page shows where the guest is."""
    assert page.click("back") == []
    assert page.click("forward") == [{"do": "forward"}]
    assert "step 1, user mode, next ldi" in page.text
    page.click("forward")
    assert "svc" in page.browser.find_element("css selector", "output").text
    page.click("back")
    assert (page.widget.step, page.widget.latest) == (1, 2)
    page.click("run")
    assert page.widget.ended
    assert "halted" in page.text
    assert [page.click(name) for name in ("forward", "run")] == [[], []]
    page.click("start")
    assert "step 0, supervisor mode, next lpsw" in page.text
    assert page.slider.get_attribute("max") == str(page.widget.latest) == "4"


def test_the_slider_goes_through_the_history(page: Page) -> None:
    """To any step that was taken, with the arrows of the keyboard as well, and it says where it is."""
    page.click("run")
    drag = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    page.browser.execute_script(drag, page.slider, 1)
    assert page.carry() == [{"do": "go", "step": 1}]
    assert "step 1, user mode" in page.text
    page.slider.send_keys(KEYS["right"])
    page.carry()
    assert page.widget.step == 2
    assert page.slider.get_attribute("aria-valuetext") == "2 / 4"
    page.slider.send_keys(KEYS["home"])
    page.carry()
    assert page.widget.step == 0
    for place in (1, 3, 2):  # faster than answers come: only the last is asked for, once there is one
        page.browser.execute_script(drag, page.slider, place)
    assert page.carry() == [{"do": "go", "step": 1}]
    assert page.carry() == [{"do": "go", "step": 2}]
    assert (page.widget.step, page.slider.get_attribute("value")) == (2, "2")


def test_the_keyboard_alone_will_do(page: Page) -> None:
    """Every control is reached in order, does the same by key, and keeps the focus when it can be used no longer."""
    reached = []
    for _ in range(5):
        page.browser.switch_to.active_element.send_keys(KEYS["tab"])
        reached.append(page.browser.switch_to.active_element.accessible_name)
    labels = page.widget.labels
    assert reached == [labels[n] for n in ("start", "back", "forward", "run", "history")]
    page.button("forward").send_keys(KEYS["enter"])
    page.carry()
    page.type("space")
    assert page.widget.step == 2
    page.button("back").send_keys(KEYS["space"])
    page.carry()
    page.type("enter")
    assert page.widget.step == 0
    assert page.browser.switch_to.active_element.accessible_name == labels["back"]
    assert page.browser.switch_to.active_element.get_attribute("aria-disabled") == "true"


def test_what_it_shows_is_announced(page: Page) -> None:
    """Groups and regions have names, and a change of where the guest is is told without being asked for."""
    named = {e.aria_role: e.accessible_name for e in page.browser.find_elements("css selector", "[aria-label]")}
    labels = page.widget.labels
    assert named["group"] == labels["moves"]
    assert named["region"] == labels["machine"]
    assert page.browser.find_element("tag name", "output").get_attribute("aria-live") == "polite"
    assert (page.slider.aria_role, page.slider.accessible_name) == ("slider", labels["history"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_tool_finds_no_barrier(page: Page, barriers: Callable[[Any], None], scheme: str) -> None:
    """The rules of WCAG 2.2 AA that axe can check, in both schemes, and the schemes differ."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page.click("forward")
    grounds = {e.value_of_css_property("background-color") for e in (page.button("back"), page.button("run"))}
    assert grounds == {"rgba(255, 255, 255, 1)" if scheme == "light" else "rgba(23, 24, 28, 1)"}
    barriers(page.browser)


def test_what_a_guest_prints_is_no_markup(chrome: Any, tmp_path: Path) -> None:
    """The page shows it, and does not obey it."""
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    chrome.get(path.as_uri())
    text = "".join(f"ldi r1, {ord(c)}\nout r1, 0\n" for c in "<img src=x onerror='window.obeyed=1'>")
    page = Page(chrome, widgets.Stepping(popek.debug(popek.assemble(text + "halt"))))
    page.click("run")
    assert "<img src=x" in page.text
    assert chrome.find_elements("tag name", "img") == []
    assert chrome.execute_script("return window.obeyed") is None


def test_nothing_is_left_behind(page: Page) -> None:
    """When a notebook takes the widget away, nobody listens any longer; nothing was complained of, or loaded."""
    assert page.browser.execute_script("return window.model.heard()") == 5
    assert page.browser.execute_script("window.cleanup(); return window.model.heard()") == 0
    assert [e for e in page.browser.get_log("browser") if e["level"] != "INFO"] == []
