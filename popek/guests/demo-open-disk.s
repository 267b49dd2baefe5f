;@ title: Demonstration: a monitor's trap words, overwritten by a disk transfer
;@ teaches: Memory protection is worth nothing where a device can be told to write for you.
;@ demonstrates: open-disk
;@ disk: [0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 4294967295, 0, 0, 0, 0]
;@ output: "my own trap handler"
;@ memory-word: 9 = 64
;@ memory: 256

; Sector 0 of the disk holds trap words 0..15, with a new PSW: supervisor mode, pc 64, R = everything. A program that
; owns its machine may well load them from there. Under a monitor that does not see the transfer it goes to the real
; trap words, and from the next trap on the real machine does what some disk says.
        .equ    handler, 64

start:  ldi     r0, 0
        disk    r0, r0, 0               ; to physical word 0
        svc     0

        .org    handler
        ldi     r0, 0
        ldi     r1, text
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

text:   .string "my own trap handler"
