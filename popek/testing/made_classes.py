"""Classes that are said and not decided, for tests of what is made of them."""

from collections.abc import Mapping

from attrs import frozen

from popek.prove.values import Classes, StateWitness


@frozen
class _Said:
    in_any: bool | None
    in_user: bool | None

    def sensitive(self, *, user: bool) -> bool | None:
        """Say what was said."""
        return self.in_user if user else self.in_any

    def kinds(self, *, user: bool) -> Mapping[str, StateWitness | None]:
        """Return control, as what is sensitive may be said to be."""
        return {"control": None} if self.sensitive(user=user) else {}


def made_classes(
    name: str, *, privileged: bool | None, sensitive: bool | None, user_sensitive: bool | None = False
) -> Classes:
    """Return classes of an instruction that need not exist."""
    return Classes(name, privileged, _Said(sensitive, user_sensitive), None)
