;@ title: Probe: output without a trap
;@ teaches: What a guest prints without a trap appears on the real console, and its monitor's console stays empty.
;@ detects: open-console
;@ output: "bare"
;@ memory: 128

; The program itself notices nothing. Whoever reads its console does.
start:  ldi     r0, 0
        ldi     r1, says_bare
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

says_bare:
        .string "bare"
