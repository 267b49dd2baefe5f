"""A student's monitor: trap-and-emulate, with an interpreter routine for `settimer` written anew. It has a fault."""

from popek.isa.behaviour import Behaviour
from popek.isa.instruction import ra
from popek.isa.slot import TIMER
from popek.vmm.monitor import TRAP_AND_EMULATE

monitor = TRAP_AND_EMULATE.vary("my-monitor", routines={"settimer": Behaviour({TIMER: ra})})
