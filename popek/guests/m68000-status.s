;@ title: The status register (68000)
;@ teaches: Who reads the status register reads whether it is the supervisor; the 68010 no longer tells a program that.
;@ isa: m68000
;@ output: "supervisor, user"
;@ memory: 128

; Runs on the 68010 as well: there the user's question traps, and the supervisor answers it, as its owners did. A monitor
; that lets the supervisor's question run directly in user mode gets the wrong answer.

        .equ    supervisor_bit, 0x2000
        .equ    cause, 4
        .equ    privilege_violation, 3

        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     sp, stack
        move-from-sr r1
        call    tell
        ldi     r5, says_comma
        call    print
        ldi     r1, user
        push    r1                      ; pc
        push    r0                      ; status register: user state, nothing masked
        rte

user:   move-from-sr r1
        svc     0

handler:
        ld      r2, cause(r0)
        ldi     r3, privilege_violation
        beq     r2, r3, answer
        call    tell
        stop    0x2700
answer: ldi     r1, 0                   ; what the user's status register was
        ld      r2, 1(r0)               ; the old pc
        addi    r2, r2, 1
        push    r2
        push    r0
        rte

; Print the state that the status register in r1 shows. Changes r1, r2, r5.
tell:   ldi     r2, supervisor_bit
        and     r1, r1, r2
        ldi     r5, says_user
        beq     r1, r0, print
        ldi     r5, says_supervisor

; Print the text at r5. Changes r2, r5.
print:  ld      r2, 0(r5)
        beq     r2, r0, end
        movep-to-device r2, 0
        addi    r5, r5, 1
        jmp     print
end:    ret

says_supervisor:
        .string "supervisor"
says_user:
        .string "user"
says_comma:
        .string ", "
        .space  8
stack:                                  ; grows down
