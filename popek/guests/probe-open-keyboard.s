;@ title: Probe: input without a trap
;@ teaches: What a guest reads without a trap was typed for somebody else.
;@ detects: open-keyboard
;@ input: "y"
;@ output: "bare"
;@ memory: 128

start:  ldi     r0, 0
        in      r1, 0
        ldi     r2, 'y'                 ; what is typed for this program
        bne     r1, r2, vm

bare:   ldi     r1, says_bare
        jmp     print
vm:     ldi     r1, says_vm
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

says_bare:
        .string "bare"
says_vm:
        .string "VM"
