;@ title: Reading the disk
;@ teaches: A transfer moves its words to physical memory by itself, and says so later by an interrupt.
;@ disk: sequence 32
;@ output: "waited 20 rounds: 290 325 362 401 \n"
;@ memory-word: buffer = 257
;@ memory-word: buffer + 15 = 962
;@ memory: 256

        .org    8
        .word   0, complete, 0, -1

        .org    16
start:  ldi     r0, 0
        ldi     sp, stack
        ldi     r6, 0                   ; rounds of waiting
        ldi     r1, buffer              ; to this physical address
        ldi     r2, 1                   ; from sector 1: words 16..31 of the disk
        ldi     r3, 1
        disk    r1, r2, 0               ; 0: read
        setie   r3
wait:   addi    r6, r6, 1               ; 40 instructions from the start of the transfer to its interrupt
        beq     r0, r0, wait

complete:
        ldi     r1, says_waited
        call    text
        mov     r1, r6
        call    number
        ldi     r1, says_rounds
        call    text
        ldi     r4, buffer
        ldi     r5, 1                   ; words 1..4 of the sector
show:   add     r1, r4, r5
        ld      r1, 0(r1)
        call    number
        ldi     r1, ' '
        out     r1, 0
        addi    r5, r5, 1
        ldi     r1, 5
        bne     r5, r1, show
        ldi     r1, '\n'
        out     r1, 0
        halt

; Print r1 in decimal. Changes r1, r2, r3.
number: push    lr
        ldi     r2, 10
        remu    r3, r1, r2
        push    r3
        divu    r1, r1, r2
        beq     r1, r0, digit
        call    number
digit:  pop     r3
        addi    r3, r3, '0'
        out     r3, 0
        pop     lr
        ret

; Print the text at r1. Changes r1, r2.
text:   ld      r2, 0(r1)
        beq     r2, r0, end
        out     r2, 0
        addi    r1, r1, 1
        jmp     text
end:    ret

says_waited:
        .string "waited "
says_rounds:
        .string " rounds: "
        .space  32
stack:                                  ; grows down
buffer: .space  16
