;@ title: A monitor: the paper's control program
;@ teaches: Dispatcher, allocator and interpreter routines fit in a few hundred words; under it a guest sees no monitor.
;@ output: "Hello from a virtual machine.\n"
;@ register: r0 = 0
;@ register: r3 = 30
;@ memory: 1024

; The control program of Popek and Goldberg: it gives each guest a virtual machine, which to the guest is this machine.
; The guest is any program of `classic`, and so it may be this one. At the end of the text are the virtual machines
; and what is in their memories; `vmm:os` is this text with the small operating system there, `vmm:vmm:os` has this
; text there, `vmm:os,hello` has two guests.
;
; What a guest cannot tell: mode, R, interrupts, timer, memory and devices are all virtual, and time is, too. The timer
; of a virtual machine counts the attempts of its guest and nothing of what the monitor does for it, because the trap
; has stored the real timer: what the guest has used is charged to its clocks, what the monitor uses is not. The disk is
; done 40 attempts of the guest later, as it should be. All of that is exact, under any number of monitors.
;
; What is not the bare machine's:
; - Real time. A guest whose results depend on nothing but its own instructions cannot see it, and others there are
;   not: neither console nor disk of this machine has a clock. The paper's exception for timing is not made use of.
; - A trap loop is nothing special to a monitor: it goes on reflecting traps, and so never ends.
; - Two guests share one console and one disk. One guest at a time has the console, the first one that has not halted.
;   What another one prints is kept until its turn; if there is no more room, or if it wants to read, it waits, and its
;   time stands still. Of the disk each guest has every second sector (of n guests every n-th).
;
; Only what `classic` has is virtualized: an instruction that another ISA makes privileged has no routine here.

; What a trap stores, by physical address, in the real machine and in a virtual one, and where the new PSW is.
        .equ    old_status, 0
        .equ    old_pc, 1
        .equ    old_base, 2
        .equ    old_bound, 3
        .equ    cause, 4
        .equ    detail, 5
        .equ    old_timer, 6
        .equ    new_psw, 8

        .equ    caused_by_memory, 1
        .equ    caused_by_timer, 6
        .equ    caused_by_disk, 7

; A status word has the mode in bit 0 and the interrupt enable in bit 1.
        .equ    in_user, 1
        .equ    enabled, 2

        .equ    sector, 16              ; words that the disk moves,
        .equ    latency, 40             ; and instructions until it says that it has

; A virtual machine. Its registers r0..r15 come first, then the PSW that is real while its guest runs.
        .equ    real_status, 16         ; always user, with interrupts on: the monitor gets the processor back
        .equ    pc, 17                  ; the one thing in a PSW that needs no virtualization
        .equ    real_base, 18
        .equ    real_bound, 19
; What the guest believes its PSW to be, its clocks, and what is pending.
        .equ    status, 20
        .equ    base, 21
        .equ    bound, 22
        .equ    timer, 23
        .equ    timer_pending, 24
        .equ    disk_wait, 25
        .equ    disk_pending, 26
; What the monitor knows besides.
        .equ    left, 27                ; attempts left of its quantum
        .equ    loaded, 28              ; attempts that it was given when it was entered
        .equ    origin, 29              ; its allotment: words origin .. origin + size - 1
        .equ    size, 30
        .equ    number, 31              ; 0, 1, ...
        .equ    next, 32                ; the next virtual machine, after the last the first
        .equ    halted, 33
        .equ    waiting, 34             ; the instruction that waits for the console; 0: none does
        .equ    borrowed, 35            ; where the register that is borrowed is kept; 0: none is
        .equ    lent, 36                ; and its value
        .equ    printed, 37             ; words that wait to be printed
        .equ    kept, 38                ; these words

.macro  machine number, next, origin, size
        .space  16
        .word   3, 16, \origin, \size   ; at reset: pc 16, R = everything
        .word   0, 0, \size, 0, 0, 0, 0
        .word   0, 0, \origin, \size, \number, \next, 0, 0, 0, 0, 0
        .space  room
.endm

.macro  load_registers                  ; of the guest, r12 as the last
        ld      r0, 0(r12)
        ld      r1, 1(r12)
        ld      r2, 2(r12)
        ld      r3, 3(r12)
        ld      r4, 4(r12)
        ld      r5, 5(r12)
        ld      r6, 6(r12)
        ld      r7, 7(r12)
        ld      r8, 8(r12)
        ld      r9, 9(r12)
        ld      r10, 10(r12)
        ld      r11, 11(r12)
        ld      r13, 13(r12)
        ld      r14, 14(r12)
        ld      r15, 15(r12)
        ld      r12, 12(r12)
.endm

        .org    new_psw
        .word   0, trapped, 0, -1       ; supervisor, interrupts off, R = everything

        .org    16
boot:   ldi     r0, 0
        ldi     r12, machine_0
        ld      r2, waiting(r12)        ; nothing: its turn begins
        jmp     choose

; THE DISPATCHER

; A trap leaves all registers as the guest had them, and a store needs a register with an address in it. So one has to
; be freed whose value is not lost. If r11 and r12 are equal, and in most programs two unused registers are, r12 is
; free. If not, their difference goes to the one place for a word that needs no address: the timer. What was in it is
; stored already. A timer stops at 0, so the difference must not be less than the ticks until it is read back; of
; r11 - r12 and r12 - r11 (or, if the signs differ, their exclusive or) the one with the top bit set is large enough.
.macro  hide make, first, second, undo  ; r12 := 0, with r12 as it was in `held`
        \make   r11, \first, \second
        settimer r11
        ldi     r11, 0
        st      r12, held(r11)
        gettimer r12
        addi    r12, r12, 3             ; the ticks of three instructions
        ld      r11, held(r11)
        \undo   r11, r11, r12
        ldi     r12, 0
        jmp     save
.endm

trapped:
        beq     r11, r12, twins
        bltu    r11, r12, below
        blt     r11, r12, apart
        hide    sub, r12, r11, sub      ; r11 is larger, of the same sign
below:  blt     r11, r12, under
apart:  hide    xor, r11, r12, xor      ; the signs differ
under:  hide    sub, r11, r12, add      ; r11 is smaller, of the same sign
twins:  ldi     r12, 0
        st      r11, held(r12)

; The virtual machine's registers and pc. From here on r0 is 0 and r12 is the virtual machine.
save:   ld      r12, current(r12)
        st      r0, 0(r12)
        st      r1, 1(r12)
        st      r2, 2(r12)
        st      r3, 3(r12)
        st      r4, 4(r12)
        st      r5, 5(r12)
        st      r6, 6(r12)
        st      r7, 7(r12)
        st      r8, 8(r12)
        st      r9, 9(r12)
        st      r10, 10(r12)
        st      r11, 11(r12)
        st      r13, 13(r12)
        st      r14, 14(r12)
        st      r15, 15(r12)
        mov     r11, r12                ; so twins it is if another monitor runs this one, and has to free a register
        ldi     r0, 0
        ld      r1, held(r0)
        st      r1, 12(r12)
        ld      r1, old_pc(r0)
        st      r1, pc(r12)
        ld      r1, borrowed(r12)
        beq     r1, r0, charge
        ld      r2, lent(r12)           ; a borrowed register gets its value back
        st      r2, 0(r1)
        st      r0, borrowed(r12)

; Charge the guest for its attempts, and nothing else: this makes its time exact.
charge: ld      r1, loaded(r12)
        ld      r2, old_timer(r0)
        sub     r1, r1, r2              ; the attempts since it was entered
        ld      r2, left(r12)
        sub     r2, r2, r1
        st      r2, left(r12)
        ldi     r3, 1
        ld      r2, timer(r12)
        beq     r2, r0, disk_ticks      ; it stands still
        sub     r2, r2, r1
        st      r2, timer(r12)
        bne     r2, r0, disk_ticks
        st      r3, timer_pending(r12)
disk_ticks:
        ld      r2, disk_wait(r12)
        beq     r2, r0, dispatch
        sub     r2, r2, r1
        st      r2, disk_wait(r12)
        bne     r2, r0, dispatch
        st      r3, disk_pending(r12)

dispatch:
        ld      r1, cause(r0)
        ld      r1, causes(r1)
        jalr    lr, r1                  ; it goes to resume in the end, and does not come back

causes: .word   pass_on                 ; by cause
        .word   pass_on                 ; 1 memory
        .word   pass_on                 ; 2 illegal opcode
        .word   privileged              ; 3 privileged
        .word   pass_on                 ; 4 supervisor call
        .word   pass_on                 ; 5 arithmetic
        .word   resume                  ; 6 timer: a clock of the guest's has run out, or its quantum
        .word   resume                  ; 7 disk: the virtual disk has a clock of its own

; What is privileged is the monitor's to do in virtual supervisor mode. In virtual user mode it traps, there as here.
privileged:
        ld      r1, status(r12)
        ldi     r2, in_user
        and     r1, r1, r2
        ld      r2, detail(r0)          ; the instruction
        beq     r1, r0, interpret

; A trap that the bare machine would have made, too.
pass_on:
        ld      r1, cause(r0)
        ld      r2, detail(r0)

; Reflect a trap with cause r1 and detail r2: what the trap does, done to the virtual machine.
reflect:
        ld      r7, origin(r12)
        ld      r3, status(r12)
        st      r3, old_status(r7)
        ld      r3, pc(r12)
        st      r3, old_pc(r7)
        ld      r3, base(r12)
        st      r3, old_base(r7)
        ld      r3, bound(r12)
        st      r3, old_bound(r7)
        st      r1, cause(r7)
        st      r2, detail(r7)
        ld      r3, timer(r12)
        st      r3, old_timer(r7)
        addi    r7, r7, new_psw
        jmp     load_psw

; THE INTERPRETER ROUTINES

; Interpret the instruction r2. Its routine finds in r3 and r4 where the registers are kept that it names as `ra` and
; `rb`, in r5 its immediate in the upper half of the word, and in r2 itself.
interpret:
        ldi     r1, 15
        ldi     r3, 20
        shr     r3, r2, r3
        and     r3, r3, r1
        add     r3, r3, r12
        ldi     r5, 16
        shr     r4, r2, r5
        and     r4, r4, r1
        add     r4, r4, r12
        ldi     r1, 24
        shr     r1, r2, r1
        ld      r1, routines - 0x40(r1)
        shl     r5, r2, r5
        jalr    lr, r1                  ; it goes to advance or to resume in the end

routines:                               ; by opcode, from 0x40 on
        .word   v_halt, v_lpsw, v_spsw, v_setr, v_getr, v_getmode, v_lra, v_jsu
        .word   v_getie, v_setie, v_gettimer, v_settimer, v_in, v_out, v_disk, v_mfpi, v_mtpi

v_lpsw: call    four_words              ; to r7
load_psw:
        ld      r1, 0(r7)
        ldi     r2, in_user | enabled   ; a status word's other bits are ignored
        and     r1, r1, r2
        st      r1, status(r12)
        ld      r1, 1(r7)
        st      r1, pc(r12)
        ld      r1, 2(r7)
        st      r1, base(r12)
        ld      r1, 3(r7)
        st      r1, bound(r12)
        call    compose
        jmp     resume

v_spsw: call    four_words              ; to r7
        ld      r1, status(r12)
        st      r1, 0(r7)
        ld      r1, pc(r12)
        addi    r1, r1, 1
        st      r1, 1(r7)
        ld      r1, base(r12)
        st      r1, 2(r7)
        ld      r1, bound(r12)
        st      r1, 3(r7)
        jmp     advance

v_setr: ld      r1, 0(r3)
        ld      r2, 0(r4)
        st      r1, base(r12)
        st      r2, bound(r12)
        call    compose
        jmp     advance

v_getr: ld      r1, base(r12)
        ld      r2, bound(r12)
        st      r1, 0(r3)
        st      r2, 0(r4)               ; if both are one register, it is the bound that stays
        jmp     advance

v_getmode:
        st      r0, 0(r3)               ; who gets here is the virtual supervisor
        jmp     advance

v_lra:  ld      r2, 0(r4)
        ld      r1, real_bound(r12)
        bgeu    r2, r1, fault
        ld      r1, base(r12)
        add     r1, r1, r2
        st      r1, 0(r3)
        jmp     advance

v_jsu:  ld      r1, 0(r3)
        st      r1, pc(r12)
        ld      r1, status(r12)
        addi    r1, r1, in_user         ; it was the supervisor's
        st      r1, status(r12)
        jmp     resume

v_getie:
        ld      r1, status(r12)
        ldi     r2, 1
        shr     r1, r1, r2
        st      r1, 0(r3)
        jmp     advance

v_setie:
        ld      r1, 0(r3)
        ldi     r2, 1
        and     r1, r1, r2
        shl     r1, r1, r2
        st      r1, status(r12)         ; supervisor mode is 0
        jmp     advance

v_gettimer:
        ld      r1, timer(r12)
        st      r1, 0(r3)
        jmp     advance

v_settimer:
        ld      r1, 0(r3)
        st      r1, timer(r12)
        st      r0, timer_pending(r12)
        jmp     advance

; Devices. Port 0 is the console, which only one guest has at a time.
v_in:   ldi     r1, 16
        shr     r5, r5, r1              ; the port
        bne     r5, r0, v_in_other
        ld      r1, console(r0)
        bne     r1, r12, wait
        in      r1, 0
        st      r1, 0(r3)
        jmp     advance
v_in_other:
        ldi     r1, 1
        beq     r5, r1, v_in_disk
        st      r0, 0(r3)
        jmp     advance
v_in_disk:
        ld      r1, disk_wait(r12)
        st      r1, 0(r3)
        jmp     advance

v_out:  bne     r5, r0, advance         ; other ports swallow it
        ld      r1, 0(r3)
        ld      r4, console(r0)
        bne     r4, r12, v_out_later
        out     r1, 0
        jmp     advance
v_out_later:
        ld      r4, printed(r12)
        ldi     r5, room
        bgeu    r4, r5, wait
        add     r5, r4, r12
        st      r1, kept(r5)
        addi    r4, r4, 1
        st      r4, printed(r12)
        jmp     advance

; A transfer knows no R: it is the monitor that relocates it, and holds it inside the allotment.
v_disk: mov     r7, r2                  ; the instruction
        ld      r2, 0(r3)
        ld      r1, size(r12)
        bgeu    r2, r1, fault
        sub     r1, r1, r2
        ldi     r6, sector
        bltu    r1, r6, fault
        ld      r1, origin(r12)
        add     r2, r2, r1
        ld      r4, 0(r4)
        li      r1, sectors - 1
        and     r4, r4, r1
        ldi     r1, guests
        mul     r4, r4, r1
        ld      r1, number(r12)
        add     r4, r4, r1              ; the real sector
        ldi     r1, latency
        st      r1, disk_wait(r12)
        ldi     r1, 1
        and     r7, r7, r1
        beq     r7, r0, v_disk_read
        disk    r2, r4, 1
        jmp     advance
v_disk_read:
        disk    r2, r4, 0
        jmp     advance

v_mfpi: call    previous                ; to r7
        ld      r1, 0(r7)
        st      r1, 0(r3)
        jmp     advance

v_mtpi: call    previous                ; to r7
        ld      r1, 0(r3)
        st      r1, 0(r7)
        jmp     advance

; Halt. The console goes to the first guest that still runs; what others have printed meanwhile is printed then.
v_halt: ld      r1, pc(r12)
        addi    r1, r1, 1
        st      r1, pc(r12)
        ldi     r1, 1
        st      r1, halted(r12)
        ld      r2, console(r0)
        ldi     r3, machine_0
pass_console:
        ld      r1, halted(r2)
        beq     r1, r0, turn
        ld      r2, next(r2)
        beq     r2, r3, all_halted      ; the last one had it, so all before have halted, too
        st      r2, console(r0)
        mov     r4, r2
        ld      r5, printed(r2)
        add     r5, r5, r2
print:  beq     r4, r5, pass_console
        ld      r1, kept(r4)
        out     r1, 0
        addi    r4, r4, 1
        jmp     print

; The real machine halts with the registers of the guest that was the last.
all_halted:
        load_registers
        halt

; Find where in real memory the four words at virtual address `rb` + `imm` are, for r7.
four_words:
        ldi     r1, 16
        sar     r5, r5, r1
        ld      r2, 0(r4)
        add     r2, r2, r5
        ld      r1, real_bound(r12)
        bgeu    r2, r1, fault
        ld      r7, real_base(r12)
        add     r7, r7, r2
        addi    r2, r2, 3
        bltu    r2, r1, found
        mov     r2, r1                  ; the first that is not legal
        jmp     fault
found:  ret

; Find where in real memory virtual address `rb` of the previous mode is, for r7.
previous:
        ld      r7, origin(r12)
        ld      r2, 0(r4)
        ld      r1, old_bound(r7)
        bgeu    r2, r1, fault
        ld      r1, old_base(r7)
        add     r1, r1, r2
        bltu    r1, r2, fault           ; it wraps
        ld      r4, size(r12)
        bgeu    r1, r4, fault
        add     r7, r7, r1
        ret

; The instruction has referred to address r2, which is not legal.
fault:  ldi     r1, caused_by_memory
        jmp     reflect

; THE ALLOCATOR

; Compose R: the guest's own, inside its allotment. The base is added, the bound is clipped.
compose:
        ld      r1, base(r12)
        ld      r2, size(r12)
        ld      r3, origin(r12)
        st      r0, real_bound(r12)
        bgeu    r1, r2, outside         ; no word of its memory is left to it
        sub     r2, r2, r1              ; the words from its base to the end of its memory
        ld      r4, bound(r12)
        bltu    r2, r4, clipped
        mov     r2, r4
clipped:
        st      r2, real_bound(r12)
        add     r3, r3, r1
outside:
        st      r3, real_base(r12)
        ret

; The guest waits for the console with the instruction r2. It is not charged again when its turn comes.
wait:   st      r2, waiting(r12)

; The next guest that can go on, by turns, gets a full quantum.
turn:   ld      r12, next(r12)
        ld      r1, halted(r12)
        bne     r1, r0, turn
        ld      r2, waiting(r12)
        beq     r2, r0, choose
        ld      r1, console(r0)
        bne     r1, r12, turn
choose: st      r12, current(r0)
        ld      r1, quantum(r0)
        st      r1, left(r12)
        st      r0, waiting(r12)
        beq     r2, r0, resume
        jmp     interpret

; The instruction is done.
advance:
        ld      r1, pc(r12)
        addi    r1, r1, 1
        st      r1, pc(r12)

; Let the guest go on, unless it is to be interrupted, or its quantum is over.
resume: ld      r1, status(r12)
        ldi     r2, enabled
        and     r1, r1, r2
        beq     r1, r0, uninterrupted
        ldi     r2, 0                   ; the detail of an interrupt
        ldi     r1, caused_by_timer
        ld      r3, timer_pending(r12)
        st      r0, timer_pending(r12)
        bne     r3, r0, reflect
        ldi     r1, caused_by_disk
        ld      r3, disk_pending(r12)
        st      r0, disk_pending(r12)
        bne     r3, r0, reflect
uninterrupted:
        ld      r1, left(r12)
        beq     r1, r0, turn

; The real timer is to interrupt when the quantum is over, or sooner if a clock of the guest's runs out. A clock that
; stands still is 0, and less 1 it is the largest word.
        addi    r1, r1, -1
        ld      r2, timer(r12)
        addi    r2, r2, -1
        bltu    r1, r2, not_timer
        mov     r1, r2
not_timer:
        ld      r2, disk_wait(r12)
        addi    r2, r2, -1
        bltu    r1, r2, not_disk
        mov     r1, r2
not_disk:
        addi    r1, r1, 1

; When all registers are the guest's, one of them must still lead `lpsw` to the PSW: any does whose value is near
; enough, and most programs have a small number somewhere. Look for one, and make the instruction with it.
find:   ld      r2, enter_by_r0(r0)
        ld      r3, largest(r0)
        addi    r4, r12, real_status
        mov     r5, r12
search: ld      r6, 0(r5)
        sub     r6, r4, r6              ; what is to be added to that register
        addi    r7, r6, 0x7FFF
        bltu    r7, r3, enter
        ld      r6, next_register(r0)
        add     r2, r2, r6
        addi    r5, r5, 1
        addi    r6, r12, 16
        bne     r5, r6, search

; None is. Then borrow one for a single instruction, that does not name it and so cannot tell. It names at most three.
        ldi     r1, 1
        ld      r2, pc(r12)
        ld      r3, real_bound(r12)
        bgeu    r2, r3, borrow          ; it will not even be fetched
        ld      r3, real_base(r12)
        add     r2, r2, r3
        ld      r2, 0(r2)
borrow: ldi     r3, -1
another:
        addi    r3, r3, 1
        ldi     r4, 15
        ldi     r5, 24
field:  addi    r5, r5, -4              ; the fields at bits 20, 16 and 12
        shr     r6, r2, r5
        and     r6, r6, r4
        beq     r6, r3, another
        ldi     r6, 12
        bne     r5, r6, field
        add     r3, r3, r12
        st      r3, borrowed(r12)
        ld      r2, 0(r3)
        st      r2, lent(r12)
        st      r0, 0(r3)
        jmp     find                    ; there is a small number now

enter:  and     r6, r6, r3
        or      r2, r2, r6
        st      r2, gate(r0)
        st      r1, loaded(r12)
        addi    r1, r1, entered - entering ; the way there is not the guest's
        settimer r1
entering:
        load_registers
gate:   .space  1                       ; the `lpsw` that was made
entered:

held:   .word   0                       ; the guest's r12, while r12 is needed
current:
        .word   machine_0               ; whose guest has the processor
console:
        .word   machine_0               ; and the console
enter_by_r0:
        lpsw    0(r0)
next_register:
        .word   1 << 16                 ; what makes it `lpsw 0(r1)`, and so on
largest:
        .word   0xFFFF                  ; the largest immediate

; THE VIRTUAL MACHINES

        .equ    guests, 1
        .equ    room, 0                 ; words that each may print before it has the console
        .equ    sectors, 1 << 28        ; of each one's disk; a power of two

quantum:
        .word   1000                    ; attempts until it is the next one's turn
machine_0:
        machine 0, machine_0, allotment_0, 64
allotment_0:

        .org    allotment_0 + 16
        ldi     r0, 0
        ldi     r1, text - allotment_0  ; its addresses are its own
        ldi     r3, 0
again:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        addi    r3, r3, 1
        beq     r0, r0, again
done:   halt
text:   .string "Hello from a virtual machine.\n"

        .org    allotment_0 + 64
memory_end:
