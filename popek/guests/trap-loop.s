;@ title: A trap loop
;@ teaches: If the trap handler itself traps at once, the machine can do nothing else for ever; the engine says so.
;@ outcome: trap-loop
;@ output: "falling"
;@ memory: 128

; The new PSW points at a word that is no instruction: the trap loads it, and that traps again.
        .org    8
        .word   0, hole, 0, -1

        .org    16
start:  ldi     r0, 0
        ldi     r1, text
next:   ld      r2, 0(r1)
        beq     r2, r0, fall
        out     r2, 0
        addi    r1, r1, 1
        jmp     next
fall:   svc     0
hole:   .word   0xFFFFFFFF

text:   .string "falling"
