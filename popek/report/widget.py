"""A widget for notebooks that steps a guest, and moves through its history with a slider.

It needs the extra `notebook`. What it shows is what the session itself shows; nothing is loaded from anywhere.
"""

from importlib.resources import files as packaged
from typing import Any

import anywidget
from traitlets import Bool, Dict, Int, Unicode

from popek.engine.stepper import Stepper
from popek.errors import PopekError, Problem
from popek.language.phrase import say
from popek.language.speaking import told
from popek.library.debugging import RUN, Session
from popek.report.rendering import html

LABELS = {
    "back": say("step back"),
    "forward": say("one step"),
    "run": say("go on"),
    "start": say("to the beginning"),
    "moves": say("moves"),
    "history": say("history"),
    "machine": say("the machine"),
}


def _part(name: str) -> str:
    return packaged("popek.report").joinpath("page", name).read_text("utf-8")


SCRIPT, STYLE = _part("stepping.js"), _part("stepping.css")
TOLD = ("step", "latest", "ended", "summary", "shown", "labels")
"""What the script is told of a widget."""


class Stepping(anywidget.AnyWidget):
    """A session with buttons: back, step, run, and a slider over every step that was taken.

    `step` is where the guest is, `latest` the furthest step it has been at. `popek.debug` makes sessions.
    """

    _esm, _css = SCRIPT, STYLE

    step = Int(0).tag(sync=True)
    latest = Int(0).tag(sync=True)
    ended = Bool(default_value=False).tag(sync=True)
    summary = Unicode("").tag(sync=True)
    shown = Unicode("").tag(sync=True)
    labels = Dict().tag(sync=True)

    def __init__(self, session: Session) -> None:
        super().__init__(labels={name: told(label) for name, label in LABELS.items()})
        self.session = session
        self.on_msg(self._asked)
        self._look()

    def _repr_mimebundle_(self, **terms: Any) -> tuple[dict[Any, Any], dict[Any, Any]] | None:
        """Return the widget and, for a page on which no buttons work, where the guest is."""
        found = super()._repr_mimebundle_(**terms)
        return found and ({**found[0], "text/html": self.shown}, found[1])

    @property
    def machine(self) -> Stepper:
        """The machine that is stepped."""
        return self.session.machine

    def forward(self, steps: int = 1) -> None:
        """Go so many steps on, or to the end."""
        for _ in range(steps):
            self.session.step()
            if self.session.outcome is not None:
                break
        self._look()

    def back(self, steps: int = 1) -> None:
        """Go so many steps back, or to the beginning."""
        self.session.back(steps)
        self._look()

    def run(self, limit: int = RUN) -> None:
        """Go on to where the session is to stop, to the end, or for so many steps."""
        self.session.run(limit)
        self._look()

    def go(self, step: int) -> None:
        """Go to a step of the history; raise `PopekError` if the guest has not been there yet."""
        if not 0 <= step <= self.latest:
            hint = say("steps 0 to {latest} are known", latest=self.latest)
            raise PopekError(Problem(say("step {step} was not taken yet", step=step), hint=hint))
        if step < self.step:
            self.back(self.step - step)
        else:
            self.forward(step - self.step)

    def _look(self) -> None:
        """Show what there is now."""
        now = self.machine.counts["steps"]
        with self.hold_sync():
            self.step, self.latest = now, max(now, self.latest)
            self.ended = self.session.outcome is not None
            self.summary = told(self.session.summary())
            self.shown = html(self.session)

    def _asked(self, _widget: object, content: Any, _buffers: object) -> None:
        """Do what somebody has clicked on; anything else that is sent is no wish that can be fulfilled."""
        wish, number = content.get("do"), content.get("step", 1)
        if not isinstance(number, int) or isinstance(number, bool):
            return
        if wish == "go":
            self.go(min(max(number, 0), self.latest))
        elif wish in ("forward", "back"):
            {"forward": self.forward, "back": self.back}[wish](1)
        elif wish == "run":
            self.run()


def stepping(value: object) -> Stepping:
    """Return the buttons of a value that moves."""
    assert isinstance(value, Session), "only a session can be stepped"
    return Stepping(value)
