"""Classes that are said and not decided, for tests of what is made of them."""

from popek.prove.values import Classes, Known


def made_classes(
    name: str, *, privileged: bool | None, sensitive: bool | None, user_sensitive: bool | None = False
) -> Classes:
    """Return classes of an instruction that need not exist."""
    return Classes(name, privileged, Known(sensitive, user_sensitive), None)
