;@ title: Probe: storing through the previous mode's address space
;@ teaches: What a guest stores through the monitor's old PSW lands in another address space than it means.
;@ detects: mtpi
;@ output: "bare"
;@ memory: 128

; The previous mode's R, as this program has it in its own words 2 and 3, is a window of one word.
        .org    2
        .word   window, 1

        .org    16
start:  ldi     r0, 0
        getmode r1                      ; a monitor, if there is one, is entered, and the real words hold its guest's R
        ldi     r2, 42
        mtpi    r2, r0
        ld      r1, window(r0)
        bne     r1, r2, vm
        jmp     bare
window: .word   0

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
