"""A tier of the engine beside the reference: the same guest on two states, in stretches of random length.

Between stretches somebody else may write to memory, as devices, monitors and other virtual machines do.
"""

from collections.abc import Callable
from random import Random

from popek.engine import reference
from popek.engine.reference import Event, Kind
from popek.engine.state import State, connect
from popek.engine.tiers import Stop, Tier
from popek.isa.architecture import Isa
from popek.isa.cycle import TRAP_WORDS
from popek.isa.slot import HALTED, PC, RUN
from popek.testing.programs import Guest
from popek.testing.states import contents
from popek.testing.words import word
from popek.vmm.allotment import Allotment

STRETCHES = (1, 1, 2, 3, 5, 8, 20, 60, 1000)
"""The budgets that are drawn from."""

Maker = Callable[[Isa, State], Tier]


def patching(isa: Isa, seed: int) -> Guest:
    """Return a guest that goes round a loop and overwrites its instructions with others of it, before and behind."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    start, length = 24, random.randint(4, 12)

    def plain(name: str, **fields: int) -> int:
        return isa[name].encode(fields)

    def any_of_them(at: int) -> int:
        scratch, other = random.randrange(4, 12), random.randrange(4, 12)
        stores = plain("st", a=random.choice((4, 5, 12, 12)), b=0, imm=random.randrange(start, start + length))
        ahead = plain("bltu", a=scratch, b=other, imm=random.randint(1, max(1, start + length - at)))
        adds = plain("addi", a=scratch, b=other, imm=random.randint(-3, 3))
        loads = plain("ld", a=scratch, b=0, imm=random.randrange(start, start + length))
        return random.choice((stores, ahead, adds, adds, loads))

    body = [any_of_them(start + n) for n in range(length)]
    prologue = [plain("ldi", a=1, imm=random.randint(20, 60)), plain("ldi", a=0, imm=0)]
    prologue += [plain("ld", a=r, b=0, imm=start + random.randrange(length)) for r in (4, 5, 12)]
    prologue += [plain("nop")] * (start - TRAP_WORDS - len(prologue))
    ending = [plain("addi", a=1, b=1, imm=-1), plain("bne", a=1, b=0, imm=-length - 1), plain("halt")]
    words = dict(enumerate([*prologue, *body, *ending], TRAP_WORDS))
    return Guest(seed, words, Allotment(16, 64), 96, 50, b"", (), 1000)


def loaded(guest: Guest, isa: Isa) -> State:
    """Return the state of a bare machine, as large as a guest's allotment, at reset with the guest in its memory."""
    state = State(isa, guest.allotment.size)
    state.load_words(guest.words)
    connect(state, guest.typed, guest.disk)
    return state


def disagreement(guest: Guest, isa: Isa, make: Maker, *, steps: int, meddles: bool = False) -> str:
    """Run a guest in a tier and in the reference; return what is not as it should be, or nothing.

    `meddles`: words of memory are overwritten in between.
    """
    random = Random(guest.seed)  # noqa: S311 - to be repeated, not to be secret
    fast, slow = loaded(guest, isa), loaded(guest, isa)
    tier = make(isa, fast)
    done, trapped = 0, False
    while done < steps and slow.slot(RUN) != HALTED:
        budget = min(random.choice(STRETCHES), steps - done)
        traps = random.random() < 0.7
        where = f"guest {guest.seed} of {isa.name}, after {done} steps, budget {budget}, traps {traps}"
        sprint = tier.advance(budget, trapped=trapped, traps=traps)
        events = [reference.step(isa, slow) for _ in range(sprint.steps)]
        wrong = _wrong(fast, slow, events, sprint.trap)
        if sprint.steps > budget or sprint.instructions != sum(e.kind is not Kind.INTERRUPT for e in events):
            wrong.append(f"{sprint}")
        if not traps and any(e.kind is not Kind.EXECUTED for e in events):
            wrong.append("a trap was not handed over")
        if sprint.stop is Stop.BUDGET and sprint.steps != budget:
            wrong.append("stopped too early")
        trapped = events[-1].kind is Kind.TRAP if events else trapped
        if sprint.stop is Stop.HAND_OVER:
            reference.step(isa, fast)
            handed = reference.step(isa, slow)
            if sprint.steps and handed.kind is Kind.EXECUTED:
                wrong.append("what makes no trap was handed over")
            wrong += _wrong(fast, slow, [], None)
            trapped = handed.kind is Kind.TRAP
        if wrong:
            return f"{where}: {sprint}: {'; '.join(wrong)}"
        if meddles and random.random() < 0.3:
            at, other = ((slow.slot(PC) + random.randint(-6, 6)) % fast.size for _ in range(2))
            fast.memory[at] = slow.memory[at] = random.choice((word(random, fast.size), fast.memory[other]))
        done += sprint.steps + (sprint.stop is Stop.HAND_OVER)
    return ""


def _wrong(fast: State, slow: State, events: list[Event], trap: Event | None) -> list[str]:
    """Say in what two states differ, and whether the last trap was reported as it was."""
    ours, theirs = contents(fast), contents(slow)
    wrong = [f"{name}: {ours[name]}, not {theirs[name]}" for name in theirs if ours[name] != theirs[name]]
    expected = events[-1] if events and events[-1].kind is Kind.TRAP else None
    if trap != expected:
        wrong.append(f"trap {trap}, not {expected}")
    return wrong
