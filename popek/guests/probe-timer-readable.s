;@ title: Probe: reading the timer
;@ teaches: The real timer belongs to the monitor, and runs even when the guest's own stands still.
;@ detects: timer-readable
;@ output: "bare"
;@ memory: 128

; This program's timer is stopped. A monitor lets the real one run until something is due: the end of the guest's turn,
; or the completion of its disk transfer.
        .equ    buffer, 96

start:  ldi     r0, 0
        settimer r0
        ldi     r2, buffer
        disk    r2, r0, 0
        gettimer r1
        bne     r1, r0, vm

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
