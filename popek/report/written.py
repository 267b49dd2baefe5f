"""What was written, as text."""

from rich.console import RenderableType

from popek.language.phrase import say, say_many
from popek.report.drawing import QUIET, drawing, stack, title
from popek.report.pages import Written
from popek.report.speech import Text


@drawing.register
def _written(value: Written, width: int) -> RenderableType:
    del width
    said = say(
        "{count}, {size:,} bytes; it needs nothing else and loads nothing",
        count=say_many("{count:,} machine", "{count:,} machines", len(value.isas)),
        size=value.size,
    )
    return stack(title(value.file), Text(said), Text(say("Open it in a browser."), style=QUIET))
