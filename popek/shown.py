"""Values that show themselves: in a terminal through rich, in a notebook as HTML.

What they look like is the business of `popek.report`, which stands above all of them. So it is imported when somebody
looks at a value, and not before. This is the one import that points up; `tests/laws/test_imports.py` names it.
"""

from typing import Any


class Shown:
    """A value that `popek.report` knows how to show."""

    __slots__ = ()

    def __rich__(self) -> Any:
        """Return what rich prints in the value's place."""
        from popek.report.rendering import rendered  # noqa: PLC0415 - points up, see above

        return rendered(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from popek.report.rendering import html  # noqa: PLC0415 - points up, see above

        return html(self)


class Pictured(Shown):
    """A value of which a picture says more than words, if there is enough to draw."""

    __slots__ = ()

    def _repr_svg_(self) -> str | None:
        """Return the picture, for a notebook; nothing if there is none."""
        from popek.report.rendering import picture  # noqa: PLC0415 - points up, see above

        return picture(self)


class Moved(Pictured):
    """A value that moves, and for which a notebook can have buttons."""

    __slots__ = ()

    def buttons(self) -> Any:
        """Return the widget that moves it, which the extra `notebook` brings; without that, the value itself."""
        try:
            from popek.report.widget import stepping  # noqa: PLC0415 - points up, see above, and needs the extra
        except ImportError:
            return self
        return stepping(self)
