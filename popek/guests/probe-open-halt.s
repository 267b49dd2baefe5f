;@ title: Probe: halting without a trap
;@ teaches: A guest that stops itself stops the real processor, and its monitor never learns of it.
;@ detects: open-halt
;@ output: "bare"
;@ memory: 128

; The program itself notices nothing: on the bare machine, too, `halt` is its end. But under a monitor the program's own
; processor is still running when the real one has stopped.
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
