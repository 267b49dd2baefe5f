"""The debugger as a Textual app: keys to step, panes to look at; all it knows it asks of the session."""

from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Header, Input, Static

from popek.cli.debugger import panes
from popek.cli.debugger.keys import KEYS, Keys
from popek.errors import PopekError
from popek.isa.slot import PC
from popek.language.phrase import listed, say
from popek.language.speaking import told
from popek.library.debugging import Session
from popek.report.speech import Text

SLIM = 76
"""On a screen of fewer columns, what it runs on is shown below what runs, with only the last few of traps and exits."""

FEW = 2

PANES: dict[str, tuple[str, Callable[[Session], Text]]] = {
    "code": (say("Code"), panes.code),
    "monitor": (say("Monitor"), panes.monitor),
    "events": (say("Traps and exits"), panes.events),
    "slots": (say("State"), panes.slots),
    "registers": (say("Registers"), panes.registers),
    "memory": (say("Real memory"), panes.memory),
}


class Debugger(App[None]):
    """Steps a guest, forwards and backwards, and shows both machines."""

    TITLE = "popek debug"
    AUTO_FOCUS = None
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Vertical { width: 1fr; }
    VerticalScroll { width: 5fr; min-width: 47; }
    Horizontal > Vertical { width: 6fr; }
    .pane { border: round $foreground-muted; padding: 0 1; height: auto; }
    #code, #monitor { height: 1fr; }
    #code, #memory, #events, #slots { text-wrap: nowrap; text-overflow: ellipsis; }
    #ask { display: none; }
    #ask.asking { display: block; }
    #monitor { display: none; }
    .-slim Horizontal { layout: vertical; }
    .-slim Horizontal > * { width: 1fr; min-width: 0; height: 1fr; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (SLIM, "-wide")]  # noqa: RUF012 - Textual's own, of the instance

    def __init__(self, session: Session) -> None:
        super().__init__()
        for key, action, word in KEYS:
            self.bind(key, action, description=told(word))
        self.session = session
        self._asked = ""

    def compose(self) -> ComposeResult:
        """Lay out the panes: what runs on the left, what it runs on on the right."""
        yield Header(icon=" ")
        with Horizontal():
            for names in (("code", "monitor", "events"), ("slots", "registers", "memory")):
                with Vertical() if names[0] == "code" else VerticalScroll():
                    for name in names:
                        pane = Static(id=name, classes="pane")
                        pane.border_title = told(PANES[name][0])
                        yield pane
        yield Input(id="ask")
        yield Static(id="said")
        yield Keys(id="keys")

    def on_mount(self) -> None:
        """Show the beginning."""
        machine = self.session.machine
        under = self.session.virtual
        self.sub_title = told(listed((machine.isa.name, under.monitor.name if under else say("the bare machine"))))
        self.redraw()

    def redraw(self) -> None:
        """Draw every pane anew."""
        for name, (_, draw) in PANES.items():
            self.query_one(f"#{name}", Static).update(draw(self.session))
        if self.size.width < SLIM:
            self.query_one("#events", Static).update(panes.events(self.session, FEW))
        self.query_one("#said", Static).update(Text(self.session.summary()))

    def action_step(self) -> None:
        """Take one step."""
        self.session.step()
        self.redraw()

    def action_step_back(self) -> None:
        """Go one step back."""
        self.session.back()
        self.redraw()

    def action_restart(self) -> None:
        """Go back to the beginning."""
        self.session.back(self.session.machine.counts["steps"])
        self.redraw()

    def action_run(self) -> None:
        """Go on to the next reason to stop."""
        self.session.run()
        self.redraw()

    def action_to_exit(self) -> None:
        """Go on to the next exit: into the monitor."""
        self._until("stop_at_exits")

    def action_to_trap(self) -> None:
        """Go on to the next trap or interrupt of the guest."""
        self._until("stop_at_traps")

    def _until(self, reason: str) -> None:
        before = getattr(self.session, reason)
        setattr(self.session, reason, True)
        self.session.run()
        setattr(self.session, reason, before)
        self.redraw()

    def action_breakpoint(self) -> None:
        """Set or take away a breakpoint at the next instruction."""
        self.session.toggle(self.session.machine.state.slot(PC))
        self.redraw()

    def action_monitor(self) -> None:
        """Look into the monitor, or at the code again."""
        code, monitor = self.query_one("#code"), self.query_one("#monitor")
        code.display, monitor.display = monitor.display, code.display

    def action_ask(self, what: str) -> None:
        """Ask for an address to run to, or for the name of a slot to watch."""
        self._asked = what
        ask = self.query_one("#ask", Input)
        wanted = say("run to which address or label?") if what == "run to" else say("watch which slot?")
        ask.placeholder = told(wanted)
        ask.value = ""
        ask.add_class("asking")
        ask.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what was asked for, or say why not."""
        event.input.remove_class("asking")
        self.set_focus(None)
        try:
            if self._asked == "watch":
                self.session.watch(event.value.strip())
            else:
                self.session.run_to(self.session.address(event.value.strip()))
        except PopekError as error:
            self.notify("\n".join(p.told() for p in error.problems), severity="error")
        self.redraw()
