"""`popek.run`: a guest on the bare machine or in a virtual one, several side by side, or one under several monitors."""

from collections.abc import Iterable, Sequence
from typing import Any

from popek.engine import tiers
from popek.errors import PopekError, Problem
from popek.language.phrase import say
from popek.library import hosting, naming, nests, running
from popek.library.hosting import NamedMonitor
from popek.library.naming import NamedGuest
from popek.library.running import Run

SHARING = ("scheduler", "shares", "quantum")
"""What only several virtual machines have."""


def run(
    guest: NamedGuest,
    *beside: NamedGuest,
    vms: int | None = None,
    depth: int | None = None,
    literal: bool = False,
    monitor: NamedMonitor | Sequence[NamedMonitor] | None = None,
    scheduler: str | None = None,
    shares: Sequence[int] = (),
    quantum: int | None = None,
    engine: str = tiers.AUTO,
    dump: Iterable[tuple[int, int]] = (),
    **terms: Any,
) -> Run:
    """Run a guest to its end or to its budget, on the bare machine or under a monitor.

    With `vms`, or with more guests than one, each is in a virtual machine of its own on one real machine (`Shared`);
    with `depth`, the guest is under so many monitors, one in the virtual machine of the other (`Deep`), and the premise
    of theorem 2 is decided, with `literal` as the paper reads to the letter. What else there is to say, `running.run`
    says.
    """
    sharing: dict[str, Any] = {"scheduler": scheduler, "shares": shares, "quantum": quantum}
    several = vms is not None or bool(beside)
    if several and depth is not None:
        raise PopekError(
            Problem(say("many virtual machines cannot be nested as well"), hint=say("give --vms or --depth"))
        )
    given = [n for n in SHARING if sharing[n] not in (None, ())]
    if given and not several:
        hint = say("say how many with `--vms N`, or name more guests")
        raise PopekError(Problem(say("`--{given}` is for several virtual machines", given=given[0]), hint=hint))
    if not several and depth is None:
        return running.run(guest, monitor=_one(monitor), engine=engine, dump=dump, **terms)
    naming.check_engine(engine)
    asked = tuple(dump)
    if depth is not None:
        if engine not in (tiers.AUTO, tiers.REFERENCE):
            hint = say("leave `--engine` out")
            raise PopekError(
                Problem(say("the engine `{engine}` does not run nested monitors", engine=engine), hint=hint)
            )
        return nests.nest(guest, depth, literal=literal, monitor=monitor, dump=asked, **terms)
    return hosting.inhabit((guest, *beside), vms=vms, monitor=monitor, engine=engine, dump=asked, **sharing, **terms)


def _one(monitor: NamedMonitor | Sequence[NamedMonitor] | None) -> NamedMonitor | None:
    """Return the only monitor of those that were named."""
    if monitor is None:
        return None
    named = hosting.named_monitors(monitor)
    if len(named) > 1:
        hint = say("several are for `--vms` and `--depth`")
        raise PopekError(
            Problem(say("one virtual machine has one monitor, and {count} are named", count=len(named)), hint=hint)
        )
    return named[0]
