;@ title: A hypervisor that uses guest mode
;@ teaches: With guest mode a hypervisor is small: the guest runs as it is, and only what was asked for, or must, comes back.
;@ isa: classic-vt
;@ output: "guest at 0, called, done"
;@ memory: 1024

; In root mode. The guest's copies of mode, R, timer and so on are in the control block; the hardware loads them on entry
; and stores them on exit. What is left to do here is the registers, and the instructions that leave guest mode: the
; guest's `out` and `in` on the real console, and its `halt`; in virtual user mode a privilege trap instead. A real timer
; gives the processor back in any case.

        .equ    size, 512               ; words of the guest's memory
        .equ    quantum, 1000

; The control block.
        .equ    memory_base, 0
        .equ    exit_reason, 2
        .equ    exit_detail, 4
        .equ    register, 14
        .equ    guest_pc, 15
        .equ    mode, 16
        .equ    base, 17
        .equ    bound, 18
        .equ    ie, 19
        .equ    timer, 20
        .equ    saved, 32               ; behind the block: the guest's registers

        .equ    by_instruction, 1
        .equ    by_interrupt, 3
        .equ    privileged, 3           ; the cause of a privilege trap

        .org    8
        .word   0, lost, 0, -1

        .org    16
start:  ldi     r13, block
run:    ldi     r0, quantum
        settimer r0
        ld      r0, saved+13(r13)       ; the register that names the block is swapped by the hardware
        st      r0, register(r13)
        ld      r0, saved+0(r13)
        ld      r1, saved+1(r13)
        ld      r2, saved+2(r13)
        ld      r3, saved+3(r13)
        ld      r4, saved+4(r13)
        ld      r5, saved+5(r13)
        ld      r6, saved+6(r13)
        ld      r7, saved+7(r13)
        ld      r8, saved+8(r13)
        ld      r9, saved+9(r13)
        ld      r10, saved+10(r13)
        ld      r11, saved+11(r13)
        ld      r12, saved+12(r13)
        ld      r14, saved+14(r13)
        ld      r15, saved+15(r13)
        vmenter r13
        st      r0, saved+0(r13)
        st      r1, saved+1(r13)
        st      r2, saved+2(r13)
        st      r3, saved+3(r13)
        st      r4, saved+4(r13)
        st      r5, saved+5(r13)
        st      r6, saved+6(r13)
        st      r7, saved+7(r13)
        st      r8, saved+8(r13)
        st      r9, saved+9(r13)
        st      r10, saved+10(r13)
        st      r11, saved+11(r13)
        st      r12, saved+12(r13)
        st      r14, saved+14(r13)
        st      r15, saved+15(r13)
        ld      r0, register(r13)
        st      r0, saved+13(r13)

; Why?
        ldi     r0, 0
        ld      r1, exit_reason(r13)
        ldi     r2, by_interrupt
        beq     r1, r2, run             ; its time is over: there is nobody else
        ldi     r2, by_instruction
        bne     r1, r2, lost
        ld      r3, exit_detail(r13)
        ld      r1, mode(r13)
        bne     r1, r0, reflect
        ldi     r2, 24
        shr     r4, r3, r2              ; the opcode
        ldi     r2, 20
        shr     r5, r3, r2
        ldi     r2, 15
        and     r5, r5, r2
        add     r5, r5, r13             ; saved(r5) is its register ra
        li      r2, 0xFFFF
        and     r6, r3, r2              ; the port
        ldi     r2, 0x40
        beq     r4, r2, halted
        ldi     r2, 0x4C
        beq     r4, r2, input
        ldi     r2, 0x4D
        bne     r4, r2, lost

        ld      r2, saved(r5)
        bne     r6, r0, next            ; there is no other port to write to
        out     r2, 0
        jmp     next

input:  ldi     r2, 0
        bne     r6, r0, other
        in      r2, 0
other:  st      r2, saved(r5)

next:   ld      r2, guest_pc(r13)
        addi    r2, r2, 1
        st      r2, guest_pc(r13)
        jmp     run

; The guest's trap: its old PSW into its own words 0..6, and the new one from its words 8..11.
reflect:
        ld      r5, memory_base(r13)
        ld      r1, ie(r13)
        ldi     r2, 1
        shl     r1, r1, r2
        ld      r4, mode(r13)
        or      r1, r1, r4
        st      r1, 0(r5)
        ld      r1, guest_pc(r13)
        st      r1, 1(r5)
        ld      r1, base(r13)
        st      r1, 2(r5)
        ld      r1, bound(r13)
        st      r1, 3(r5)
        ldi     r1, privileged
        st      r1, 4(r5)
        st      r3, 5(r5)
        ld      r1, timer(r13)
        st      r1, 6(r5)
        ld      r1, 8(r5)
        and     r4, r1, r2
        st      r4, mode(r13)
        shr     r1, r1, r2
        and     r1, r1, r2
        st      r1, ie(r13)
        ld      r1, 9(r5)
        st      r1, guest_pc(r13)
        ld      r1, 10(r5)
        st      r1, base(r13)
        ld      r1, 11(r5)
        st      r1, bound(r13)
        jmp     run

halted: halt

lost:   ldi     r2, '?'
        out     r2, 0
        halt

block:  .word   guest, size             ; its memory
        .space  3                       ; why it has left
        .word   0                       ; no trap of its own leaves
        .space  8                       ; nor an instruction that need not
        .word   0                       ; its r13
        .word   16                      ; pc
        .word   0, 0, size, 0, 0, 0, 0  ; mode, base, bound, ie, timer, and what is pending
        .org    block + saved
        .space  16                      ; its registers

; The guest, which is at 0 as far as it knows.
        .org    512
guest:
        .org    guest + 8
        .word   0, service - guest, 0, -1
        .org    guest + 16
        ldi     r0, 0
        ldi     r13, hello - guest      ; a register as any other
        call    print
        getr    r1, r2                  ; sensitive, and does not leave guest mode
        addi    r1, r1, '0'
        out     r1, 0
        ldi     r1, user - guest
        jsu     r1
user:   svc     0                       ; to itself, without the hypervisor
service:
        ldi     r13, done - guest
        call    print
        halt

print:  ld      r2, 0(r13)
        beq     r2, r0, end
        out     r2, 0
        addi    r13, r13, 1
        jmp     print
end:    ret

hello:  .string "guest at "
done:   .string ", called, done"
