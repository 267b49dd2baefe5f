"""The widget that steps a guest: what somebody clicks on is done, and what is shown is where the guest is."""

import sys

import pytest

import popek
from popek.errors import PopekError

widgets = pytest.importorskip("popek.report.widget", reason="the extra `notebook` is not installed")


@pytest.fixture(name="widget")
def _widget() -> widgets.Stepping:  # type: ignore[name-defined]
    return widgets.Stepping(popek.debug("hello", monitor="trap-and-emulate"))


def test_it_moves_through_the_history(widget: widgets.Stepping) -> None:  # type: ignore[name-defined]
    """Forward, back, and to any step that was taken; the guest is then where it was."""
    seen = {0: widget.shown}
    for step in range(1, 6):
        widget.forward()
        seen[step] = widget.shown
    assert (widget.step, widget.latest) == (5, 5)
    assert len(set(seen.values())) == 6
    for step in (2, 4, 0, 5):
        widget.go(step)
        assert (widget.step, widget.latest) == (step, 5)
        assert widget.shown == seen[step]
    with pytest.raises(PopekError, match="step 6 was not taken yet"):
        widget.go(6)


def test_the_buttons_do_what_they_say(widget: widgets.Stepping) -> None:  # type: ignore[name-defined]
    """What a page sends is done, and what is no wish is left alone."""
    widget._asked(widget, {"do": "forward"}, [])
    assert widget.step == 1
    widget._asked(widget, {"do": "back"}, [])
    assert widget.step == 0
    widget._asked(widget, {"do": "run"}, [])
    assert widget.ended
    assert widget.step == widget.latest == 200
    assert "Hello from a third-generation machine." in widget.shown
    widget._asked(widget, {"do": "go", "step": 7}, [])
    assert (widget.step, widget.latest, widget.ended) == (7, 200, False)
    for wish in ({}, {"do": "eval"}, {"do": "go", "step": "1"}, {"do": "go", "step": True}):
        widget._asked(widget, wish, [])
        assert widget.step == 7
    widget._asked(widget, {"do": "go", "step": 10**9}, [])
    assert widget.step == 200


def test_where_no_buttons_work_it_shows_where_the_guest_is(widget: widgets.Stepping) -> None:  # type: ignore[name-defined]
    """A page that was made of a notebook has no kernel; it shows the form that it can."""
    widget.forward(3)
    forms, _ = widget._repr_mimebundle_()
    assert forms["text/html"] == widget.shown
    assert "application/vnd.jupyter.widget-view+json" in forms


def test_a_session_has_buttons_where_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra; without it the session shows itself."""
    session = popek.debug("hello")
    assert session.buttons().session is session
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "popek.report.widget")
    assert session.buttons() is session


def test_what_a_guest_prints_is_no_markup() -> None:
    """The page shows it, and does not obey it."""
    guest = popek.load("classic")
    text = "".join(f"ldi r1, {ord(c)}\nout r1, 0\n" for c in "<b>")
    widget = widgets.Stepping(popek.debug(popek.assemble(text + "halt", guest), monitor="trap-and-emulate"))
    widget.run()
    assert "&lt;b&gt;" in widget.shown
    assert "<b>" not in widget.shown


def test_the_page_has_words_for_everything(widget: widgets.Stepping) -> None:  # type: ignore[name-defined]
    """Each button and the slider have a label, and nothing is loaded from anywhere."""
    script = widgets.SCRIPT
    assert set(widget.labels) == {"moves", "back", "forward", "run", "start", "history", "machine"}
    assert all(f"labels.{name}" in script or f'"{name}"' in script for name in widget.labels)
    assert "http" not in script
