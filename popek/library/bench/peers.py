"""Other people's machines that happen to be installed. They run a real ISA, or the processor itself.

The programs are RV32I, assembled here, so that no tool chain is needed; and C, where there is a C compiler.
"""

import shutil
import subprocess
import tempfile
import time
from functools import cached_property
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from popek.language.phrase import say
from popek.library.bench.contestants import Contestant, Done
from popek.library.bench.loops import RESULT, Loop, main_c

SENTENCE = say(
    "The peers run real instruction sets, with real memory management and devices; popek's machine is smaller. "
    "What is compared is the time for the same work."
)
ORIGIN, DATA = 0x1_0000, 0x2_0000
_LONGEST = 600
_PAGE = 0x1000

_EXIT = """
        srli    a1, a0, 8
        xor     a0, a0, a1
        srli    a1, a0, 16
        xor     a0, a0, a1
        andi    a0, a0, 127
"""
"""What folds a result to seven bits, as an exit status has them."""


def folded(result: int) -> int:
    """Return what a process can say of a result."""
    result ^= result >> 8
    return (result ^ result >> 16) & 127


@frozen
class Unicorn:
    """Unicorn, a library made of QEMU's translator, from Python."""

    name = "Unicorn"

    @property
    def version(self) -> str:
        """Of the package."""
        return metadata.version("unicorn")

    @property
    def available(self) -> bool:
        """Whether it is installed."""
        return find_spec("unicorn") is not None

    def run(self, loop: Loop, rounds: int) -> Done:
        """Emulate from the first instruction to behind the last."""
        unicorn = import_module("unicorn")
        code = loop.rv32(rounds, ORIGIN, DATA)
        machine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        machine.mem_map(ORIGIN, 0x4_0000)
        machine.mem_write(ORIGIN, code)
        start = time.process_time()
        machine.emu_start(ORIGIN, ORIGIN + len(code))
        seconds = time.process_time() - start
        return Done(
            seconds, machine.reg_read(import_module("unicorn.riscv_const").UC_RISCV_REG_X0 + RESULT) & 0xFFFF_FFFF
        )


@frozen
class TinyRv:
    """tinyrv, a RISC-V simulator in pure Python."""

    name = "tinyrv"

    @property
    def version(self) -> str:
        """Of the package."""
        return metadata.version("tinyrv")

    @property
    def available(self) -> bool:
        """Whether it is installed."""
        return find_spec("tinyrv") is not None

    def run(self, loop: Loop, rounds: int) -> Done:
        """Step to behind the last instruction."""
        code = loop.rv32(rounds, ORIGIN, DATA)
        machine = import_module("tinyrv").sim(xlen=32)
        machine.copy_in(ORIGIN, code)
        machine.pc, end = ORIGIN, ORIGIN + len(code)
        start = time.process_time()
        while machine.pc != end:
            machine.step(trace=False)
        return Done(time.process_time() - start, machine.x[RESULT] & 0xFFFF_FFFF)


class _Process:
    """A program that is started anew for each run."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="popek-bench-")

    @property
    def directory(self) -> Path:
        """Where its files are, as long as it lives."""
        return Path(self._directory.name)

    def status(self, *command: str) -> Done:
        """Run a command; its exit status is the result, folded."""
        start = _children()
        done = subprocess.run(command, check=False, timeout=_LONGEST, capture_output=True)  # noqa: S603 - ours
        return Done(_children() - start, done.returncode)


class QemuUser(_Process):
    """QEMU in user mode: translates a program's instructions, and has no timer to be exact about."""

    name = "QEMU user"
    folds = starts = True
    _command = "qemu-riscv32"

    @property
    def available(self) -> bool:
        """Whether it is installed."""
        return shutil.which(self._command) is not None

    @cached_property
    def version(self) -> str:
        """As it says itself."""
        return _first_line(self._command, "--version")

    def run(self, loop: Loop, rounds: int) -> Done:
        """Run an executable that exits with its result."""
        code = loop.rv32(rounds, ORIGIN, DATA, f"{_EXIT}        li a7, 93\n        ecall")
        path = self.directory / f"{loop.name}-{rounds}"
        if not path.exists():
            path.write_bytes(_elf(code))
            path.chmod(0o755)
        return self.status(self._command, str(path))


class QemuSystem(_Process):
    """QEMU as a whole machine, with `-icount`: time counts instructions, so that its timer is exact as well."""

    name = "QEMU system -icount"
    folds = starts = True
    _command = "qemu-system-riscv32"
    _ram, _finisher = 0x8000_0000, 0x10_0000

    @property
    def available(self) -> bool:
        """Whether it is installed."""
        return shutil.which(self._command) is not None

    @cached_property
    def version(self) -> str:
        """As it says itself."""
        return _first_line(self._command, "--version")

    def run(self, loop: Loop, rounds: int) -> Done:
        """Run a machine whose firmware is the loop, and that is switched off with its result."""
        off = f"slli a0, a0, 16\nli a1, 0x3333\nadd a0, a0, a1\nli a1, {self._finisher}\nsw a0, 0(a1)\nstop: j stop"
        path = self.directory / f"{loop.name}-{rounds}.bin"
        if not path.exists():
            path.write_bytes(loop.rv32(rounds, self._ram, self._ram + DATA, f"{_EXIT}\n{off}"))
        machine = ("-machine", "virt", "-bios", str(path), "-display", "none", "-serial", "none", "-monitor", "none")
        return self.status(self._command, *machine, "-icount", "shift=0")


class Gcc(_Process):
    """The same algorithm in C, compiled by gcc -O2 and run by the processor itself."""

    name = "gcc -O2"

    @property
    def available(self) -> bool:
        """Whether it is installed."""
        return shutil.which("gcc") is not None

    @cached_property
    def version(self) -> str:
        """As it says itself."""
        return _first_line("gcc", "--version")

    def run(self, loop: Loop, rounds: int) -> Done:
        """Run the compiled program, which times itself."""
        program = self.directory / loop.name
        if not program.exists():
            (self.directory / "main.c").write_text(main_c(), "utf-8")
            (self.directory / f"{loop.name}.c").write_text(loop.source("c"), "utf-8")
            command = ["gcc", "-O2", f'-DLOOP="{loop.name}.c"', "main.c", "-o", loop.name]
            subprocess.run(command, check=True, cwd=self.directory, timeout=_LONGEST)  # noqa: S603 - ours
        done = subprocess.run(  # noqa: S603 - what has been compiled above
            [str(program), str(rounds)], check=True, capture_output=True, text=True, timeout=_LONGEST
        )
        result, seconds = done.stdout.split()
        return Done(float(seconds), int(result))


def _elf(code: bytes) -> bytes:
    """Return a static RV32 executable: a header, and one segment with the code and room for data behind it."""
    fields = (2, 243, 1, ORIGIN, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    widths = (2, 2, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += b"".join(f.to_bytes(w, "little") for f, w in zip(fields, widths, strict=True))
    segment = (1, _PAGE, ORIGIN, ORIGIN, len(code), DATA - ORIGIN + 0x1_0000, 7, _PAGE)
    header += b"".join(s.to_bytes(4, "little") for s in segment)
    return header.ljust(_PAGE, b"\0") + code


def _children() -> float:
    """Return the processor time of child processes that have ended; where nobody counts it, the time of day."""
    if find_spec("resource") is None:
        return time.perf_counter()
    resource = import_module("resource")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(used.ru_utime + used.ru_stime)


def _first_line(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)  # noqa: S603 - ours
    return (done.stdout or done.stderr).splitlines()[0].strip()


def installed() -> tuple[list[Contestant], list[str]]:
    """Return the peers that there are, and the names of those that there are not."""
    known = (Gcc(), QemuUser(), QemuSystem(), Unicorn(), TinyRv())
    return [p for p in known if p.available], [p.name for p in known if not p.available]
