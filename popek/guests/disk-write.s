;@ title: Writing the disk
;@ teaches: What was written can be read back; a program without interrupts asks port 1 whether the disk is still busy.
;@ disk: sequence 16
;@ output: "disk"
;@ memory-word: copy + 3 = 107
;@ memory-word: copy + 4 = 0
;@ memory: 256

        .equ    read, 0
        .equ    write, 1
        .equ    sector, 5

start:  ldi     r0, 0
        ldi     r1, original
        ldi     r2, sector
        disk    r1, r2, write
        call    wait
        ldi     r1, copy
        disk    r1, r2, read
        call    wait
print:  ld      r3, 0(r1)
        beq     r3, r0, done
        out     r3, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

wait:   in      r4, 1                   ; instructions until the transfer is complete
        bne     r4, r0, wait
        ret

original:
        .string "disk"
        .space  16 - (. - original)
copy:   .space  16
