"""The compiler: LLVM through llvmlite, wrapped thinly. Text goes in, object code comes out; object code is loaded.

The passes are few on purpose: variables become values, control flow and instructions are simplified, and that is it.
What more would bring on guest code is within noise, and it would take twice as long.
"""

from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

CODE_MODEL, RELOCATION = "jitdefault", "default"

LEVEL, QUICK = 2, 0
"""How much the code generator does: for code that is kept, and for what has to be there at once."""

OPTIONS, NEWEST = ("-disable-lsr",), 22
"""Options, for the whole process, and the newest LLVM that is known to have them: others might end the process.

Addresses here are sums of 32 bits, which the pass that is left out takes for worth computing beside one another.
"""


@cache
def _options() -> tuple[str, ...]:
    options = OPTIONS if llvm.llvm_version_info[0] <= NEWEST else ()
    for option in options:
        llvm.set_option("popek", option)
    return options


@cache
def _target(level: int) -> Any:
    _options()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(), opt=level, reloc=RELOCATION, codemodel=CODE_MODEL, jit=True
    )


def _features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


@cache
def versions() -> str:
    """Return everything besides the text that object code depends on: the compiler, the platform, the processor."""
    triple = llvm.get_process_triple()
    parts = (
        llvmlite.__version__,
        llvm.llvm_version_info,
        triple,
        llvm.get_host_cpu_name(),
        _features(),
        *_options(),
        *LITE,
        *(LEVEL, CODE_MODEL, RELOCATION),
    )
    return "\n".join(map(str, parts))


LITE = ("sroa", "simplify_cfg", "instruction_combine", "simplify_cfg")
"""The passes, in order."""


def compiled(text: str, *, quickly: bool = False) -> bytes:
    """Return the object code of a module; `quickly`: as it is written, in a tenth of the time."""
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_process_triple()
    module.verify()
    target = _target(QUICK if quickly else LEVEL)
    if not quickly:
        _improve(module, target)
    code: bytes = target.emit_object(module)
    return code


def _improve(module: Any, target: Any) -> None:
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=LEVEL))
    manager = llvm.create_new_function_pass_manager()
    for name in LITE:
        getattr(manager, f"add_{name}_pass")()
    for function in module.functions:
        if not function.is_declaration:
            manager.run(function, builder)


class Loaded:
    """Object code in this process; it is gone when this is."""

    def __init__(self, code: bytes) -> None:
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Return where a function is."""
        address: int = self._engine.get_function_address(name)
        assert address, f"no function {name}"
        return address


def _machine() -> Any:
    """Return a target machine for a loader to own."""
    _target(LEVEL)
    return llvm.Target.from_default_triple().create_target_machine(codemodel=CODE_MODEL, jit=True)
