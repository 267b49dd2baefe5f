;@ title: Echo
;@ teaches: Input is a port as well; at its end a program reads a word of all ones.
;@ input: "to be, or not to be\n"
;@ output: "to be, or not to be\n"
;@ register: r3 = 20
;@ memory: 256

start:  ldi     r2, -1                  ; what the port gives at the end of the input
        ldi     r3, 0                   ; characters so far
next:   in      r1, 0
        beq     r1, r2, done
        out     r1, 0
        addi    r3, r3, 1
        jmp     next
done:   halt
