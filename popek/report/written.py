"""What was written, as text."""

from rich.console import RenderableType
from rich.text import Text

from popek.report.drawing import QUIET, counted, drawing, stack, title
from popek.report.pages import Written


@drawing.register
def _written(value: Written, width: int) -> RenderableType:
    del width
    said = f"{counted(len(value.isas), 'machine')}, {value.size:,} bytes; it needs nothing else and loads nothing"
    return stack(title(value.file), Text(said), Text("Open it in a browser.", style=QUIET))
