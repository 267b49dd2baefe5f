"""The bottom lines of the debugger's screen: what each key does, on as many lines as it takes; a click does it, too."""

from collections.abc import Iterator

from textual.events import Resize
from textual.widgets import Static

from popek.language.phrase import say
from popek.language.speaking import told
from popek.language.width import columns

KEYS = (
    ("s", "step", say("one step")),
    ("b", "step_back", say("back")),
    ("r", "run", say("go on")),
    ("e", "to_exit", say("to an exit")),
    ("t", "to_trap", say("to a trap")),
    ("k", "breakpoint", say("break")),
    ("g", "ask('run to')", say("go to")),
    ("w", "ask('watch')", say("watch")),
    ("m", "monitor", say("monitor")),
    ("home", "restart", say("restart")),
    ("q", "quit", say("quit")),
)
"""What each key does, and what the bottom lines call it."""


class Keys(Static):
    """All keys with their words."""

    DEFAULT_CSS = "Keys { background: $panel; link-style: none; link-color: $foreground; link-style-hover: underline; }"

    def on_resize(self, event: Resize) -> None:
        """Break lines between keys, and not within what belongs to one."""
        lines = list(rows(event.size.width))
        self.styles.height = len(lines)
        self.update("\n".join(lines))


def rows(width: int) -> Iterator[str]:
    """Give the lines, as markup, for a screen of so many columns."""
    row, taken = "", 0
    for key, action, word in KEYS:
        size = columns(f"{key} {told(word)}")
        if row and taken + 2 + size > width:
            yield row
            row, taken = "", 0
        row += f"{'  ' if row else ''}[@click=app.{action}][b $accent]{key}[/] {told(word)}[/]"
        taken += size + (2 if taken else 0)
    yield row
