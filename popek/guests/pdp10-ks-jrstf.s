;@ title: JRSTF (PDP-10, KS10)
;@ teaches: JRST 1 is repaired, and JRSTF still enters user mode without a trap, as JSP shows without one.
;@ isa: pdp10-ks
;@ output: "EEU"
;@ memory: 64

; E is for the executive, U for the user. Only the last letter is asked for in user mode.

        .org    8
        .word   0, handler, 0, 64

        .org    16
        ldi     r0, 0
        li      r3, 0x04000000          ; the USER flag
        ldi     r4, 22                  ; which becomes the distance from E to U
        jsp     r1, first(r0)           ; the flags word, to r1
first:  jsp     r12, tell(r0)
        jrst-1  next(r0)                ; a plain jump, nothing more
next:   jsp     r1, second(r0)
second: jsp     r12, tell(r0)
        addi    r2, r3, user
        jrstf   0(r2)

user:   jsp     r1, third(r0)
third:  svc     1

handler:
        jsp     r12, tell(r0)
        jrst-halt 0(r0)

; Print the mode that the flags word in r1 shows. Changes r1, r12.
tell:   and     r1, r1, r3
        shr     r1, r1, r4
        addi    r1, r1, 'E'
        datao-tty r1
        ldih    r12, 0                  ; the address without the flags
        jalr    r12, r12
