;@ title: Probe: dropping to user mode without a trap
;@ teaches: If a guest can leave supervisor mode unseen, its monitor goes on believing it to be a supervisor.
;@ detects: jrst1
;@ output: "bare"
;@ memory: 128

; In user mode `getmode` must trap to this program's own handler. A monitor that did not see `jsu` takes the program
; for a supervisor still, and lets it read mode 0.
        .org    8
        .word   0, bare, 0, -1          ; new PSW: the trap is the proof

        .org    16
start:  ldi     r0, 0
        ldi     r1, user
        jsu     r1
user:   getmode r1
        jmp     vm

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
