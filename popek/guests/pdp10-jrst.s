;@ title: JRST 1 (PDP-10)
;@ teaches: JRST 1 enters user mode, and JSP shows which mode it is; neither traps, and a monitor learns of neither.
;@ isa: pdp10
;@ output: "executive, user, unassigned code"
;@ memory: 128

; Run directly under a monitor this program's executive finds itself in user mode at once, and a monitor that is not told
; goes on believing it to be the executive.

        .equ    cause, 4
        .equ    uuo, 4

        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     r12, stack - 1
        jsp     r1, asked(r0)           ; the flags word, to r1
asked:  pushj   r12, tell(r0)
        jrst-1  user(r0)

user:   jsp     r1, again(r0)
again:  svc     1                       ; which mode is r1 of?
        jrst-halt 0(r0)                 ; in user mode this traps

handler:
        ld      r2, cause(r0)
        ldi     r3, uuo
        bne     r2, r3, refuse
        pushj   r12, tell(r0)
        ld      r2, 1(r0)               ; the old pc
        li      r3, 0x04000000          ; the USER flag
        or      r2, r2, r3
        jrstf   0(r2)
refuse: ldi     r5, says_unassigned
        pushj   r12, print(r0)
        jrst-halt 0(r0)

; Print the mode that the flags word in r1 shows. Changes r1, r3, r4, r5.
tell:   li      r3, 0x04000000
        and     r1, r1, r3
        ldi     r5, says_user
        bne     r1, r0, print
        ldi     r5, says_executive

; Print the text at r5. Changes r4, r5.
print:  ld      r4, 0(r5)
        beq     r4, r0, end
        datao-tty r4
        addi    r5, r5, 1
        jrst    print(r0)
end:    popj    r12

says_executive:
        .string "executive, "
says_user:
        .string "user, "
says_unassigned:
        .string "unassigned code"
stack:  .space  8                       ; grows up
