;@ title: Probe: storing the PSW
;@ teaches: One instruction that shows the PSW shows everything that a monitor has to hide: mode, interrupts and R.
;@ detects: psw-storable
;@ output: "bare"
;@ memory: 128

        .equ    saved, 96

start:  ldi     r0, 0
        spsw    saved(r0)
        ld      r1, saved(r0)
        bne     r1, r0, vm              ; supervisor mode, interrupts off
        ld      r1, saved + 2(r0)
        bne     r1, r0, vm              ; base 0

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
