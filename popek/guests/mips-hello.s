;@ title: A kernel, its program and its translation buffer (MIPS)
;@ teaches: The kernel fills the translation buffer; its program lives at virtual address 0, wherever it lies.
;@ isa: mips
;@ output: "hello from user mode\n"
;@ memory: 160

        .equ    previous_user, 8        ; KUp in Status
        .equ    old_base, 2             ; the R that `eret` loads is in words 2 and 3
        .equ    old_bound, 3

        .org    8
        .word   0, 0, 0, 160

        .org    16
start:  ldi     r0, 0
        ldi     r1, handler
        mtc0-ebase r1
        ldi     r2, old_base
        ldi     r1, program
        sw-kseg0 r1, r2
        ldi     r2, old_bound
        ldi     r1, program_end - program
        sw-kseg0 r1, r2
        mtc0-epc r0
        ldi     r1, previous_user
        mtc0-status r1
        eret

program:
        ldi     r4, text - program
next:   ld      r1, 0(r4)
        beq     r1, r0, greeted
        svc     1
        addi    r4, r4, 1
        jmp     next
greeted:
        tlbwi                           ; in user mode: coprocessor unusable
        svc     0
text:   .string "hello from user mode"
program_end:

handler:
        mfc0-cause r2
        ldi     r3, 4
        bne     r2, r3, refuse
        mfc0-badvaddr r2                ; which service
        beq     r2, r0, idle
        sw-kseg1 r1
        eret
refuse: ldi     r2, '\n'
        sw-kseg1 r2
        mfc0-epc r2                     ; go on behind the instruction
        addi    r2, r2, 1
        mtc0-epc r2
        eret
idle:   wait                            ; nothing will ever come
