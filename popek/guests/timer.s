;@ title: The timer is exact
;@ teaches: The timer counts instructions, so a program can tell exactly how many ran between two interrupts.
;@ output: "50 50 50 50 \n"
;@ register: r5 = 4
;@ memory: 256

; A monitor runs many instructions of its own while a guest runs one. If any of them counted, the guest would know.
        .equ    rounds, 4
        .equ    interval, 100           ; instructions: 50 iterations of a loop of two

        .org    8
        .word   0, handler, 0, -1

        .org    16
start:  ldi     r0, 0
        ldi     sp, stack
        ldi     r5, 0                   ; interrupts so far
        ldi     r4, 0                   ; iterations since the last one
        ldi     r2, interval + 1        ; and the `setie`, which the timer counts too
        ldi     r3, 1
        settimer r2
        setie   r3
loop:   addi    r4, r4, 1
        beq     r0, r0, loop

; The machine has turned interrupts off with the new PSW.
handler:
        mov     r1, r4
        call    number
        ldi     r1, ' '
        out     r1, 0
        ldi     r4, 0
        addi    r5, r5, 1
        ldi     r1, rounds
        beq     r5, r1, done
        ldi     r2, interval + 1        ; and the `lpsw`
        settimer r2
        lpsw    0(r0)
done:   ldi     r1, '\n'
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

        .space  32
stack:                                  ; grows down
