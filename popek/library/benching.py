"""Measurements, by subject: `bench` is the command's function."""

from collections.abc import Callable, Sequence

from popek.errors import PopekError, Problem, nearest
from popek.language.phrase import say
from popek.library import naming
from popek.library.bench.contest import SECONDS, TURNS, Contest, Progress, contest
from popek.library.bench.exits import Exits, exits
from popek.library.bench.growth import Growth, growth
from popek.library.bench.loops import LOOPS
from popek.library.bench.shipped import NAME

SUBJECTS = ("loops", "exits", "growth")


def bench(
    subject: str = "loops",
    *,
    engine: str | None = None,
    turns: int = TURNS,
    seconds: float = SECONDS,
    most: int | None = None,
    with_peers: bool = True,
    techniques: bool = True,
    loops: Sequence[str] = (),
    progress: Progress = lambda _: None,
) -> Contest | Exits | Growth:
    """Measure a subject: "loops", on every engine, technique and peer; "exits", what each costs; or "growth".

    `seconds` is about how long each measurement takes, `turns` how often it is repeated; `engine` confines it to one of
    popek's engines, `most` is the length of the longest run in instructions. `progress` is told what is being measured.
    """
    if engine is not None:
        naming.check_engine(engine)
    known = [*(loop.name for loop in LOOPS), NAME]
    strange = [name for name in loops if name not in known]
    if strange:
        hint = nearest(strange[0], known)
        raise PopekError(Problem(say("there is no loop `{strange}` to measure", strange=strange[0]), hint=hint))
    if turns < 1:
        raise PopekError(say("{turns} turns measure nothing: at least 1", turns=turns))
    parts: dict[str, Callable[[], Contest | Exits | Growth]] = {
        "loops": lambda: contest(
            turns=turns,
            engine=engine,
            with_peers=with_peers,
            techniques=techniques,
            loops=loops,
            seconds=seconds,
            progress=progress,
        ),
        "exits": lambda: exits(turns=turns, engine=engine, progress=progress),
        "growth": lambda: growth(turns=turns, engine=engine, most=most, progress=progress),
    }
    if subject not in parts:
        raise PopekError(
            Problem(
                say("there is nothing to measure called `{subject}`", subject=subject), hint=nearest(subject, SUBJECTS)
            )
        )
    return parts[subject]()
