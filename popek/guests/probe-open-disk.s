;@ title: Probe: a disk transfer without a trap
;@ teaches: A transfer knows no relocation: without a monitor's help it goes to another place than the guest means.
;@ detects: open-disk
;@ disk: sequence 16
;@ output: "bare"
;@ memory: 256

        .equ    buffer, 224

start:  ldi     r0, 0
        ldi     r1, buffer
        disk    r1, r0, 0               ; sector 0
        ld      r2, buffer + 3(r0)
        ldi     r3, 10                  ; what the disk holds there
        bne     r2, r3, vm

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
