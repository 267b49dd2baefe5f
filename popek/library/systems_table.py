"""The systems that history built on the architectures of the catalogue, as data: how each got around the theorem.

`technique` is one of popek's monitors, the one that is nearest to what the system did, `structure` one of
`popek.vmm.structure`, and `isas` are of the catalogue. So what a system claimed can be held against what popek proves
(`tests/library/test_systems.py`); where the two differ, `but` says why. The year is that of first use outside, or of
the paper. A source was read unless it says "unverified"; then a fact in the row is from memory or from somebody's
account of it.
"""

from attrs import frozen


@frozen
class System:
    """One system. `how` says in a sentence or two what becomes of instructions that are critical, or privileged."""

    name: str
    year: int
    structure: str
    technique: str
    isas: tuple[str, ...]
    how: str
    sources: tuple[str, ...]
    but: str = ""


_CP = "en.wikipedia.org, History of CP/CMS"
_PG = "Popek and Goldberg, Formal requirements for virtualizable third generation architectures, 1974"
_BUGNION = (
    "Bugnion, Devine, Rosenblum, Sugerman, Wang, Bringing virtualization to the x86 architecture with the original "
    "VMware Workstation, ACM TOCS 30(4), 2012 (abstract)"
)
_XEN_RINGS = "Xen 3.0 interface manual (linuxtopia.org), virtual architecture: rings 1 and 3; on 64 bits 3 alone"
_USER_CODE = (
    "User code runs as it is, so a program in virtual user mode that asks for the interrupt flag or a table register "
    "is answered by the real machine; it was known and accepted. Translated as well, such code would be equivalent "
    "(translation-full)."
)

SYSTEMS = (
    System(
        "CP-40",
        1967,
        "monolithic",
        "trap-and-emulate",
        ("s360",),
        "A guest runs in the problem state, where everything sensitive traps, and the control program does it for the "
        "guest. The model 40 got an associative memory, so that each guest has its own addresses.",
        (
            f"{_CP}; servercake.blog, IBM CP-40: in production from January 1967",
            "Adair, Bayles, Comeau, Creasy, A virtual machine system for the 360/40, 1966 (unverified: not read)",
        ),
    ),
    System(
        "CP-67",
        1967,
        "monolithic",
        "trap-and-emulate",
        ("s360-67",),
        "As CP-40, on a machine with address translation of its own; LRA, location-sensitive and privileged, traps.",
        (_PG, _CP),
    ),
    System(
        "Galley's PDP-10 virtual machines",
        1969,
        "monolithic",
        "hybrid",
        ("pdp10",),
        "JRST 1 enters user mode unseen, so the executive mode's code is interpreted throughout, and only user code "
        "runs directly: the paper's example of theorem 3.",
        (f"{_PG}, section 6, which cites Galley, PDP-10 virtual machines, 1969 (unverified: not read)",),
    ),
    System(
        "VM/370",
        1972,
        "monolithic",
        "trap-and-emulate",
        ("s370",),
        "Privileged instructions interrupt, and CP simulates them; microcode took over the frequent ones later on.",
        (
            "IBM, VM/370 Systems introduction, GC20-1800-0, July 1972 (eserviceinfo.com)",
            "mail-archive.com, linux-390, Happy 30th Birthday, VM!: announced on 2 August 1972",
            "IBM, VM/370 CP program logic, SY20-0886-1",
        ),
    ),
    System(
        "UCLA-VM",
        1975,
        "monolithic",
        "trap-and-emulate",
        ("pdp11-45",),
        "RESET, SPL and RTI say nothing outside kernel mode, so the processor was modified until they did trap.",
        ("Popek and Kline, The PDP-11 virtual machine architecture: a case study, SOSP 1975 (abstract)",),
        but="The machine of the catalogue is the one that DEC sold; `popek repair pdp11-45` gives what had to trap.",
    ),
    System(
        "VAX security kernel",
        1989,
        "monolithic",
        "ring-compression",
        ("vax-rings",),
        "New microcode: a bit in the PSL says that a virtual machine runs, and then MOVPSL, REI and PROBE trap. Four "
        "virtual modes live in three real ones (ring compression).",
        (
            "Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991 (abstract and introduction)",
            "Karger, Mason, Leonard, Computer with virtual machine mode and multiple protection rings, CA1252572A",
        ),
        but="In virtual executive mode a program reaches what is the virtual kernel's alone; nothing crosses from one "
        "virtual machine to another. With protection of its own for each virtual mode, trap-and-emulate is proved.",
    ),
    System(
        "Disco",
        1997,
        "monolithic",
        "trap-and-emulate",
        ("mips",),
        "Coprocessor 0 traps. A kernel linked for the unmapped segment kseg0 cannot run deprivileged, so IRIX was "
        "relinked for a mapped one.",
        ("Bugnion, Devine, Rosenblum, Disco, SOSP 1997 (docslib.org, abstract; unverified: the relinking)",),
    ),
    System(
        "VMware Workstation",
        1999,
        "hosted",
        "translation",
        ("x86",),
        "A translator for the kernel's code, direct execution for the rest; the monitor hides behind segment limits, "
        "and beside it an ordinary operating system has the devices.",
        (_BUGNION,),
        but=_USER_CODE,
    ),
    System(
        "VMware ESX Server",
        2001,
        "monolithic",
        "translation",
        ("x86",),
        "The same monitor, on a kernel of its own that has the drivers.",
        ("Waldspurger, Memory resource management in VMware ESX Server, OSDI 2002 (unverified: from memory)",),
        but=_USER_CODE,
    ),
    System(
        "Xen",
        2003,
        "monolithic",
        "paravirtual",
        ("x86", "x86-64"),
        "The guest's kernel is ported: critical instructions become hypercalls. It runs in ring 1, or on x86-64, which "
        "has no segment limits, in ring 3 with its programs. Later a privileged guest had the drivers.",
        (
            "Barham and others, Xen and the art of virtualization, SOSP 2003 (summary: mwhittaker.github.io/papers)",
            _XEN_RINGS,
        ),
    ),
    System(
        "QEMU",
        2003,
        "hosted",
        "translation-full",
        ("x86",),
        "Every instruction is translated, to another processor's as well; nothing of the guest runs directly.",
        (
            "Bellard, QEMU, a fast and portable dynamic translator, USENIX 2005 (unverified: not read)",
            "qemu/qemu, docs/devel/tcg.rst",
        ),
    ),
    System(
        "vBlades, and Xen on Itanium",
        2004,
        "microkernel",
        "paravirtual",
        ("itanium",),
        "THASH, TTAG, COVER and the like are rewritten, before the guest is run, into instructions that trap.",
        (
            "xen-project/xen, xen/arch/ia64/tools/privify/privify.h (Dan Magenheimer)",
            "Magenheimer and Christian, vBlades, VM Research and Technology Symposium, 2004 (unverified: not read)",
        ),
    ),
    System(
        "VirtualBox",
        2007,
        "hosted",
        "translation",
        ("x86",),
        "A guest's kernel ran in ring 1, its critical instructions found by a scanner and patched. With VT-x and AMD-V "
        "none of this is used, and since version 6.1 it is gone.",
        (
            "virtualbox.org, wiki, VirtualBox architecture, November 2006: ring 0 code is patched and enters ring 1",
            "virtualbox.org, vbox-dev, April 2010, VBox CSAM/PATM in VMX mode: both are off with VT-x and AMD-V",
            "en.wikipedia.org, VirtualBox: only hardware-assisted since 6.1",
        ),
        but=_USER_CODE,
    ),
    System(
        "KVM",
        2007,
        "kernel-module",
        "hardware-assisted",
        ("x86-vtx", "x86-svm"),
        "Linux is the monitor: a guest is a thread in guest mode, and a process beside it has the emulated devices.",
        (
            "torvalds/linux, arch/x86/kvm/vmx and arch/x86/kvm/svm; Documentation/virt/kvm",
            "en.wikipedia.org, Kernel-based Virtual Machine: in Linux 2.6.20, released on 5 February 2007",
        ),
    ),
    System(
        "Hyper-V",
        2008,
        "microkernel",
        "hardware-assisted",
        ("x86-vtx", "x86-svm"),
        "A small hypervisor needs VT-x or AMD-V; the parent partition, a Windows, has the drivers.",
        (
            "en.wikipedia.org, Hyper-V: finalized version of June 2008",
            "Microsoft, Hypervisor pre-boot requirements (gerhart01.github.io/msdn.microsoft.com)",
            "torvalds/linux, Documentation/virt/hyperv/overview.rst",
        ),
    ),
    System(
        "KVM on PowerPC (book3s_pr)",
        2010,
        "kernel-module",
        "trap-and-emulate",
        ("powerpc",),
        "A guest's kernel runs in the problem state, all privileged instructions trap, and a guest that knows may read "
        "a shared page instead of trapping.",
        ("torvalds/linux, Documentation/virt/kvm/ppc-pv.rst", "year: Linux 2.6.33 (unverified: from memory)"),
    ),
    System(
        "NOVA",
        2010,
        "microhypervisor",
        "hardware-assisted",
        ("x86-vtx", "x86-svm"),
        "What runs in root mode is a microkernel; each guest has a monitor of its own, an ordinary program.",
        ("os.inf.tu-dresden.de/~us15/nova", "udosteinberg/NOVA"),
    ),
    System(
        "KVM for ARM, without extensions",
        2010,
        "kernel-module",
        "paravirtual",
        ("armv7",),
        "A script replaces the 24 sensitive instructions that do not trap by supervisor calls that say which one was "
        "meant.",
        (
            "virtualopensystems/linux-kvm-arm, arch/arm/kvm/arm_emulate.c",
            "Dall and Nieh, KVM for ARM, Ottawa Linux Symposium 2010 (unverified: not read)",
        ),
    ),
    System(
        "KVM on ARM",
        2013,
        "kernel-module",
        "hardware-assisted",
        ("armv7-ve",),
        "What enters and leaves a guest runs in Hyp mode, everything else in the host's kernel.",
        (
            "torvalds/linux, virt/kvm/arm and Documentation/virt/kvm/arm",
            "Dall and Nieh, KVM/ARM: Experiences Building the Linux ARM Hypervisor, CUCS-010-13, 2013: in Linux 3.9",
        ),
    ),
    System(
        "bhyve",
        2014,
        "kernel-module",
        "hardware-assisted",
        ("x86-vtx", "x86-svm"),
        "A kernel module for guest mode and second translation, and a process that has the devices.",
        (
            "freebsd/freebsd-src, usr.sbin/bhyve/bhyve.8",
            "year: FreeBSD 10.0 (unverified: from memory)",
        ),
    ),
    System(
        "RVirt",
        2019,
        "monolithic",
        "trap-and-emulate",
        ("riscv",),
        "A guest's kernel runs in U; CSR accesses and fences are illegal there, and are emulated. Shadow page tables.",
        ("mit-pdos/RVirt, README.md", "year: of the README (unverified)"),
    ),
    System(
        "KVM on RISC-V",
        2022,
        "kernel-module",
        "hardware-assisted",
        ("riscv-h",),
        "VS and VU mode with their own CSRs; WFI and the devices exit. It came before there was a processor to run it.",
        (
            "torvalds/linux, arch/riscv/kvm",
            "lkml, August 2019, KVM RISC-V Support (lkml.indiana.edu)",
            "year: Linux 5.16 (unverified: from memory)",
        ),
    ),
    System(
        "Miralis",
        2025,
        "monolithic",
        "trap-and-emulate",
        ("riscv",),
        "What is deprivileged is the firmware: M-mode code runs in U, its CSR accesses trap and are emulated, and the "
        "emulator is checked against the Sail model.",
        ("CharlyCst/miralis", "Miralis, SOSP 2025 (unverified: only a summary was read)"),
    ),
)
"""By year, and within a year by name."""
