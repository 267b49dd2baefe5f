"""The figure of how exits multiply with depth: measured when it is drawn."""

import popek
from popek.library.nests import Deep


def depth_picture() -> str:
    """Return the figure for a guest at depths 1 to 5, as SVG."""
    found = popek.run("timer", depth=5, stats=True)
    assert isinstance(found, Deep)
    drawn = found._repr_svg_()
    assert drawn is not None
    return drawn
