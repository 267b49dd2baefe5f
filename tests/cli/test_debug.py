"""The debugger's screen, driven without a terminal: every key does what it says, every pane shows what is so."""

import asyncio
import builtins
import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any

import pytest
from rich.cells import cell_len

from popek.language.speaking import CHINESE, speaking, told
from popek.library.debugging import Session, debug

textual = pytest.importorskip("textual", reason="Textual is not installed")

Call = Callable[..., Any]


def drive(session: Session, play: Callable[[Any, Any], Awaitable[None]], size: tuple[int, int] = (120, 50)) -> None:
    """Start the screen on a session, play keys on it, and end it."""
    from popek.cli.debugger.app import Debugger  # noqa: PLC0415 - only where there is Textual

    async def run() -> None:
        app = Debugger(session)
        async with app.run_test(size=size) as pilot:
            await play(app, pilot)

    asyncio.run(run())


def shown(app: Any, name: str) -> str:
    """Return what a pane shows."""
    return str(app.query_one(f"#{name}").render())


def test_keys_step_back_and_run() -> None:
    """And the sentence at the bottom says where it is."""
    session = debug("timer", monitor="trap-and-emulate")

    async def play(app: Any, pilot: Any) -> None:
        assert "step 0, supervisor mode" in shown(app, "said")
        await pilot.press("s", "s", "s", "b")
        assert "step 2" in shown(app, "said")
        await pilot.press("t")
        assert "interrupt" in shown(app, "events")
        await pilot.press("e", "e")
        assert "exit (" in shown(app, "events")
        await pilot.press("r")
        assert shown(app, "said").endswith("halted")
        await pilot.press("home")
        assert "step 0" in shown(app, "said")
        assert shown(app, "events") == "(none yet)"

    drive(session, play)


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("tag", ["en", CHINESE])
def test_it_is_legible_on_any_screen(columns: int, tag: str) -> None:
    """Every key has its word, the next instruction is seen, and the last exit, on as few columns and lines as that."""
    from popek.cli.debugger.keys import KEYS  # noqa: PLC0415 - only where there is Textual

    async def play(app: Any, pilot: Any) -> None:
        await pilot.press("e", "e", "e")
        await pilot.pause()
        picture = unescape(re.sub(r"<[^>]*>", "", app.export_screenshot())).replace("\xa0", " ")
        seen = [line for line in shown(app, "code").splitlines() if line.startswith(">")]
        last = shown(app, "events").splitlines()[-1]
        assert [w for _, _, word in KEYS for w in [told(word)] if w not in picture] == []
        assert [line for line in (*seen, last) if line[:12].rstrip() not in picture] == []
        assert len(seen) == 1

    with speaking(tag):
        drive(debug("os", monitor="trap-and-emulate"), play, size=(columns, 24))


def test_a_click_does_what_a_key_does() -> None:
    """On the word at the bottom."""
    session = debug("hello")

    async def play(app: Any, pilot: Any) -> None:
        await pilot.pause()
        await pilot.click("#keys", offset=(3, 0))
        await pilot.pause()
        assert "step 1" in shown(app, "said")

    drive(session, play)


def test_it_speaks_another_language() -> None:
    """Its titles, keys, panes and questions, with every column where it was."""

    async def play(app: Any, pilot: Any) -> None:
        await pilot.press("s", "t", "e", "m")
        keys = [active.binding.description for active in app.active_bindings.values()]
        panes = [str(p.border_title) for p in app.query(".pane")]
        texts = [shown(app, name) for name in ("said", "slots", "memory", "monitor", "events")]
        english = re.compile(r"(?<![-\w])[A-Za-z]{3,}[ ,][a-z]{2,}")
        left = [t for t in (*panes, app.sub_title, *texts) if english.search(t)]
        assert (left, "單步" in keys, "陷阱與退出" in panes) == ([], True, True)
        ends = {cell_len(line.removesuffix(" !")) for line in shown(app, "slots").splitlines()}
        assert len(ends) == 1
        await pilot.press("w")
        assert app.query_one("#ask").placeholder == "要監看哪個狀態欄位？"

    with speaking(CHINESE):
        drive(debug("timer", monitor="trap-and-emulate"), play)


def test_breakpoints_and_questions() -> None:
    """Set at the next instruction; run to a label; watch a slot; what is not there is told."""
    session = debug("os", monitor="trap-and-emulate")
    label = next(name for name, address in session.program.symbols.items() if address > 20)

    async def play(app: Any, pilot: Any) -> None:
        await pilot.press("s", "k")
        assert session.breakpoints == {17}
        assert ">*" in shown(app, "code")
        await pilot.press("k", "w", *"mode", "enter")
        assert {s.name for s in session.watched} == {"mode"}
        await pilot.press("w", *"mod", "enter")
        assert any("did you mean" in n.message for n in app._notifications)
        await pilot.press("w", *"mode", "enter", "g", *label, "enter")
        assert not session.watched
        assert session.machine.counts["steps"] > 1

    drive(session, play)


def test_into_the_monitor_and_out() -> None:
    """What it is, what it has, and what it does about each trap, in the place of the code."""

    async def play(app: Any, pilot: Any) -> None:
        assert app.query_one("#code").display
        await pilot.press("m")
        assert not app.query_one("#code").display
        assert "hybrid" in shown(app, "monitor")
        assert "privileged  interpret" in shown(app, "monitor")
        await pilot.press("m")
        assert app.query_one("#code").display

    drive(debug("hello", monitor="hybrid"), play)


@pytest.mark.parametrize("monitor", [None, "trap-and-emulate", "hardware-assisted"])
def test_both_machines_are_shown(monitor: str | None) -> None:
    """The virtual state beside the real one, marked where they differ; on the bare machine there is but one."""
    isa = "classic-vt" if monitor == "hardware-assisted" else "classic"

    async def play(app: Any, pilot: Any) -> None:
        await pilot.press("s")
        slots = shown(app, "slots")
        assert ("real" in slots) == (monitor is not None)
        assert (" !" in slots) == (monitor is not None)
        assert "in R" in shown(app, "memory")
        assert "r15" in shown(app, "registers")
        await pilot.press("m")
        assert shown(app, "monitor")

    drive(debug("hello", isa=isa, monitor=monitor), play, size=(80, 30))


def test_without_textual_it_is_said_what_to_install(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 2, and another way."""
    there = builtins.__import__

    def without(name: str, *others: Any) -> Any:
        if name.startswith("popek.cli.debugger"):
            raise ImportError("No module named 'textual'")
        return there(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    answer = call("debug", "hello")
    assert answer.status == 2
    assert "extra `debug`" in answer.err


def test_without_a_terminal_it_is_said_what_to_do(call: Call) -> None:
    """A pipe would wait for ever."""
    answer = call("debug", "hello")
    assert (answer.status, answer.out) == (2, "")
    assert "needs a terminal" in answer.err
