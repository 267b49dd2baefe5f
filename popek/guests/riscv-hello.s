;@ title: A kernel and its program (RISC-V)
;@ teaches: A program in U reaches the console through its kernel alone, and the kernel is told of what U may not do.
;@ isa: riscv
;@ output: "hello from U!\n"
;@ memory: 128

; The registers of an exception are the trap's words 0..6; the R that `sret` loads is in words 2 and 3.
        .equ    supervisor_call, 4
        .equ    spie, 0x20              ; in sstatus; SPP is 0: user

        .org    2
        .word   0, 128
        .org    8
        .word   0, 0, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     r1, handler
        csrrw-stvec r2, r1
        ldi     r1, user
        csrrw-sepc r2, r1
        ldi     r1, spie
        csrrw-sstatus r2, r1
        sret

user:   ldi     r4, text
next:   ld      r1, 0(r4)
        beq     r1, r0, greeted
        svc     1
        addi    r4, r4, 1
        jmp     next
greeted:
        rdcycle r1                      ; in U: not with mcounteren at 0
        ldi     r1, '\n'
        svc     1
        svc     0

handler:
        csrrw-mcause r2, r0
        ldi     r3, supervisor_call
        bne     r2, r3, refuse
        csrrw-mtval r2, r0              ; which service
        beq     r2, r0, idle
        sw-io   r1
        sret
refuse: ldi     r2, '!'
        sw-io   r2
        csrrw-sepc r2, r0               ; go on behind the instruction
        addi    r2, r2, 1
        csrrw-sepc r3, r2
        sret
idle:   wfi                             ; nothing will ever come

text:   .string "hello from U"
