"""In Traditional Chinese every command speaks it, and nothing but names stays in English.

What stays is listed here, and nothing else may: names that are typed or are in manuals (of ISAs, instructions, slots,
guests, monitors, engines, options), what programs are and print, and who says something where, which a reader has to
find in a library.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from popek.cli.main import COMMANDS
from popek.engine import tiers
from popek.guests import library as guests
from popek.isa import shipped
from popek.library import nano
from popek.library.bench.loops import LOOPS
from popek.library.systems_table import SYSTEMS
from popek.vmm import cost_table, rings
from tests.cli.conftest import Call

CHINESE = ("--lang", "zh-TW")

CLASSES = r"(privileged|(user-)?sensitive|critical|innocuous)"

NAMES = re.compile(
    rf"`[^`]*`|\s;\s.*$|{CLASSES}(, {CLASSES})+|popek( [-\w./:]+)+|--?[a-z][-\w]*|/\S+|\b[A-Z]{{2,}}\b"
    r"|\b(Popek|Goldberg|Robin|Irvine|Adams|Agesen|Galley|Linux|Domain|Mac|VMware|Xen|QEMU|KVM|Hyper|Disco|Miralis|Sun"
    r"|Windows|Sail|Python|Unicorn|Textual|Hypothesis|Bitwuzla|PALcode|FreeBSD|RVirt|vBlades|Workstation|Server|Virtual"
    r"|Itanium|Intel|Motorola|Alpha|SPARC|PowerPC|Sigma|model|toml|hart|executive|parent partition)\b"
    r"|\b(pc|psw|hex|eval|bash|zsh|fish|expect|answer|popek|shell|json|int|stdin|fence|on|for)\b"
)
"""Products, people, and words that are names in this place: what is typed and in quotation marks, comments of programs,
the classes as an answer has them, registers, file formats, terms of manuals."""

WORDS = re.compile(
    r"[A-Za-z][a-z']+ [a-z']{2,}|[A-Za-z]{3,}, [a-z']{3,}|(?<![-\w])(?:the|is|are|of|which|that|with)(?![-\w])"
)
"""What shows that English is spoken: two words in a row, or one of those that no sentence can do without."""

VARIANTS, HISTORY = ("classic", "classic-vt", "jrst1"), tuple(isa.name for isa in shipped.catalogue())

LINES = (
    *("verdict", "verdict classic", "verdict jrst1", "verdict setb mfpi pdp10", "verdict m68000 --monitor hybrid"),
    *("verdict classic-vt --monitor hardware-assisted", "verdict jrst1 --check", "verdict pdp10 --check --literal"),
    *("classify classic", "classify jrst1 --instruction jsu", "classify x86", "classify vax", "classify classic spill"),
    *("explain classic", "explain jrst1 jsu", "explain r-readable getr", "explain classic svc", "explain pdp10"),
    *("explain x86 popf", "explain m68000 move-from-sr", "explain riscv csrrw-mstatus", "explain vax-rings"),
    *("repair jrst1", "repair m68000", "repair classic", "lattice classic", "lattice mode-readable"),
    *("prove classic", "prove jrst1 --all", "prove x86 --monitor paravirtual", "prove classic --monitor translation"),
    *("prove classic-vt --monitor hardware-assisted", "prove pdp10 --monitor hardware-assisted", "prove setb --check"),
    *(
        "run timer",
        "run os --monitor trap-and-emulate --stats",
        "run os --monitor translation --stats",
        "run trap-loop",
    ),
    *("run os --monitor paravirtual --stats --dump 0:8", "run os timer --vms 3", "run os --depth 2 --stats"),
    *(
        "run timer --isa classic-vt --monitor hardware-assisted --stats",
        "run demo-open-disk",
        "run timer --max-steps 9",
    ),
    *("compare timer", "compare probe-jrst1 --isa jrst1", "compare os --all", "compare os --structures"),
    *("compare demo-open-disk --isa open-disk", "compare probe-pushf --isa pushf --monitor paravirtual", "bench nano"),
    *("isa", *(f"isa {name}" for name in (*VARIANTS, *HISTORY)), "guests", "quiz"),
    *(f"guests {name}" for name in ("os", "vmm", "probe-jrst1", "demo-open-disk", "pdp10-jrst")),
    *("systems", *(f"systems {system.name.split()[0]}" for system in SYSTEMS)),
    *(
        f"quiz {topic} -s {seed} -c"
        for topic in ("classify", "verdict", "guest", "repair", "trap", "exits")
        for seed in (1, 2, 3)
    ),
    *("--help", *(f"{name} --help" for name in COMMANDS), *(f"bench {n} --help" for n in ("loops", "exits", "nano"))),
    *("bench growth --help", ""),
)
"""What is typed, without files."""

MISTAKES = (
    *("run nope", "verdict nope", "explain classic nope", "quiz nope", "prove classic --monitor nope", "systems nope"),
    *(
        "run os --allotment x",
        "run os --memory 3",
        "verdict --require nope --check",
        "nope",
        "isa x.y",
        "bench nope",
    ),
    *("verdict x.toml", "grade x.py", "grade x.txt", "compare os --all --monitor hybrid", "bench nano --costs nope"),
    *("verdict classic --execute nope", "run", "run os --vms 0", "asm nope.s", "disasm nope.hex", "verdict --nope"),
    *(
        "prove classic --require equivalence",
        "explain classic --claim theorem-1",
        "debug os",
        "repair vax-rings --nope",
    ),
    *("verdict m68000 --monitor ring-compression", "compare os --isa classic --monitor hardware-assisted"),
)
"""What is wrong, and told."""

FILES = {
    "answers.toml": """
[[answer]]
topic = "verdict"
seed = 1
answer = "refuted"
[[answer]]
topic = "trap"
seed = 2
answer = "x"
""",
    "mine.toml": """
extends = "classic"
user = { jsu = "executes" }
expect = { theorem-1 = true, theorem-3 = true, critical = [] }
""",
    "broken.toml": """
extends = "classic"
user = { jsu = "exec", nope = "traps" }
expect = { theorem-4 = true }
""",
    "guest.s": "        getmode r1\n        halt\n",
    "broken.s": "        getmode r1, 2\n        nope\nx:      ldi r99, 0x\n        .word y + \n",
    "mine.py": "from popek.vmm.monitor import TRAP_AND_EMULATE\nfrom popek.isa.slot import IE\n"
    "monitor = TRAP_AND_EMULATE.vary('mine', entry={IE: 0})\n",
    "broken.py": "monitor = 3\n",
}
WITH_FILES = (
    *("grade answers.toml", "grade mine.toml", "grade guest.s --isa mode-readable", "grade guest.s", "grade mine.py"),
    *("grade broken.py", "grade broken.toml", "verdict mine.toml --check", "verdict broken.toml", "asm guest.s"),
    *(
        "asm broken.s",
        "run broken.s",
        "verdict classic --monitor mine.py",
        "report jrst1 -o report.html",
        "verdict mine.py",
    ),
    *("asm guest.s --isa mode-readable --port", "prove classic --smt2 there", "prove jrst1 --save there"),
)


@cache
def _names() -> frozenset[str]:
    """Return what is called so by us: a reader types it, or finds it in a program."""
    isas = [isa for name in shipped.names() if (isa := shipped.find(name)) is not None]
    found = {n for isa in isas for n in (isa.name, *isa.aliases, *isa.by_name)}
    found |= {s.name for isa in isas for declared in (isa.slots, isa.arrays) for s in declared}
    found |= {*guests.names(), *rings.names(), *tiers.ENGINES, *cost_table.names(), *(one.name for one in LOOPS)}
    found |= {operand for isa in isas for i in isa.instructions for operand in re.findall(r"\w+", i.operands)}
    return frozenset(found | {"priority", "round-robin", "proportional", "round", "robin"})


@cache
def _quoted() -> re.Pattern[str]:
    """Return what is quoted: sources, what systems are called, and programs with what they print."""
    isas = [isa for name in shipped.names() if (isa := shipped.find(name)) is not None]
    said = {text for isa in isas for text in isa.sources}
    said |= {text for isa in isas for one in shipped.literature(isa) for text in (one.who, one.where)}
    said.add(nano.SOURCE.partition(", ")[2].rpartition(", ")[0])
    said |= {text for one in SYSTEMS for text in (one.name, *one.sources)}
    for guest in map(guests.find, guests.names()):
        lines = (guest.source + "\n" + (guest.expected.output or "")).splitlines()
        said |= {line for line in lines if " " in line.strip()}
    longest = sorted(said, key=len, reverse=True)
    return re.compile("|".join(r"\s+".join(map(re.escape, text.split())) for text in longest))


def left(text: str) -> Iterator[str]:
    """Give the lines of a text in which English is left."""
    text = _quoted().sub("", text)
    for line in text.splitlines():
        plain = NAMES.sub("\N{FULL STOP}", line)
        plain = re.sub(r"[\w'-]+", lambda m: "." if m[0] in _names() else m[0], plain)
        if WORDS.search(plain):
            yield line


def _shown(call: Call, command: str) -> str:
    found = call(*command.split(), *CHINESE)
    assert found.status in (0, 1, 2, 3), found.err
    return found.out + found.err


@pytest.fixture(name="wide")
def _wide(call: Call, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Call the program where there is room for everything, so that no sentence is broken."""
    monkeypatch.setenv("COLUMNS", "2000")
    return lambda command: _shown(call, command)


@pytest.mark.parametrize("command", LINES)
def test_what_is_shown_is_chinese(wide: Callable[[str], str], command: str) -> None:
    """Every command, its help included."""
    assert list(left(wide(command))) == []


@pytest.mark.parametrize("command", MISTAKES)
def test_mistakes_are_told_in_chinese(wide: Callable[[str], str], command: str) -> None:
    """What is wrong, and what to try next."""
    shown = wide(command)
    assert "錯誤" in shown
    assert list(left(shown)) == []


@pytest.mark.parametrize("command", WITH_FILES)
def test_files_are_answered_in_chinese(
    wide: Callable[[str], str], command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said of a student's file, wherever it was marked, but for the lines that are quoted from it."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    own = {line.strip() for text in FILES.values() for line in text.splitlines()}
    assert [line for line in left(wide(command)) if line.strip() not in own] == []


def test_every_command_is_looked_at() -> None:
    """And what is left is seen: English is not taken for a name."""
    assert {line.partition(" ")[0] for line in (*LINES, *MISTAKES, *WITH_FILES)} >= set(COMMANDS)
    english = ("the guest has the processor", "未知 is not known", "jsu: guest that shows", "Traps, exits and more")
    assert list(left("\n".join(english))) == list(english)
    assert not list(left("定理 1 成立：`the guest`、trap-and-emulate、jsu ra"))
