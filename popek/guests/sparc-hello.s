;@ title: A kernel and its program (SPARC)
;@ teaches: Alternate address spaces are the kernel's: through them it reaches the console, and its program does not.
;@ isa: sparc
;@ output: "hello from user mode!\n"
;@ memory: 128

        .equ    supervisor, 0x80        ; S in the PSR; PS is 0: user
        .equ    old_pc, 1

        .org    2
        .word   0, 128                  ; the R that `rett` loads
        .org    8
        .word   0, 0, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     r1, handler
        wrtbr   r1
        ldi     r1, supervisor
        wrpsr   r1
        ldi     r1, user
        rett    0(r1)

user:   ldi     r4, text
next:   ld      r1, 0(r4)
        beq     r1, r0, greeted
        svc     1
        addi    r4, r4, 1
        jmp     next
greeted:
        sta-io  r1                      ; in user mode: a trap
        svc     0

handler:
        ldi     r2, old_pc
        lda     r3, r2                  ; where to go on
        ld      r2, 4(r0)               ; the cause
        addi    r5, r0, 4
        bne     r2, r5, refuse
        ld      r2, 5(r0)               ; which service
        beq     r2, r0, off
        sta-io  r1
        rett    0(r3)
refuse: ldi     r2, '!'
        sta-io  r2
        ldi     r2, '\n'
        sta-io  r2
        rett    1(r3)
off:    wrasr-19 r0                     ; nothing will ever come

text:   .string "hello from user mode"
