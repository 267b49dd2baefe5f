;@ title: Probe: writing the timer
;@ teaches: A guest that sets the real timer has not set its own.
;@ detects: timer-writable
;@ output: "bare"
;@ memory: 128

start:  ldi     r0, 0
        ldi     r1, 1000
        settimer r1
        gettimer r2
        addi    r2, r2, 1               ; one instruction has passed
        bne     r2, r1, vm

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
