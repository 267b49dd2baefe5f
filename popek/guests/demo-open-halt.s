;@ title: Demonstration: one guest stops everybody
;@ teaches: A guest that halts the real processor takes the monitor and all other guests with it.
;@ demonstrates: open-halt
;@ output: "still here, still here, done"
;@ memory: 256

; Run it in several VMs: input "x" makes one of them stop early. The others should get to "done" nevertheless.
start:  ldi     r0, 0
        in      r1, 0
        ldi     r2, 'x'
        beq     r1, r2, stop
        ldi     r5, 1
        ldi     r6, 2
again:  ldi     r4, 600                 ; work
work:   sub     r4, r4, r5
        bne     r4, r0, work
        ldi     r1, says_here
        call    print
        sub     r6, r6, r5
        bne     r6, r0, again
        ldi     r1, says_done
        call    print
stop:   halt

print:  ld      r2, 0(r1)
        beq     r2, r0, end
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
end:    ret

says_here:
        .string "still here, "
says_done:
        .string "done"
