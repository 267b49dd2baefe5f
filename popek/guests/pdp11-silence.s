;@ title: What is not refused (PDP-11/45)
;@ teaches: SPL and RESET do nothing in user mode and do not say so; HALT alone is refused.
;@ isa: pdp11-45
;@ output: "priority 7, priority 0, halt"
;@ memory: 128

; A kernel that runs directly in user mode raises its priority to no effect, and nobody hears of it.

        .equ    cause, 4
        .equ    called, 4
        .equ    status, 0xFFFE

        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     sp, stack
        spl     7
        mov-from-io r1, status
        call    tell
        li      r1, 0xF000              ; current and previous mode user, priority 0
        push    r1
        ldi     r1, user
        push    r1
        rti

user:   spl     7                       ; nothing happens
        reset                           ; likewise
        svc     1
        halt

handler:
        ld      r2, cause(r0)
        ldi     r3, called
        bne     r2, r3, refuse
        ld      r1, 0(r0)               ; the old status: bit 1 is the interrupt enable
        ldi     r2, 2
        and     r1, r1, r2
        ldi     r2, 6
        shl     r1, r1, r2
        ldi     r2, 0x80
        xor     r1, r1, r2
        call    tell
        li      r1, 0xF000
        push    r1
        ld      r1, 1(r0)
        push    r1
        rti
refuse: ldi     r5, says_halt
        call    print
        halt

; Print the priority in the processor status r1: 7 or 0. Changes r1, r2, r5.
tell:   ldi     r2, 0xE0
        and     r1, r1, r2
        ldi     r5, says_0
        beq     r1, r0, print
        ldi     r5, says_7

; Print the text at r5. Changes r2, r5.
print:  ld      r2, 0(r5)
        beq     r2, r0, end
        mov-to-io r2, 0xFF76
        addi    r5, r5, 1
        jmp     print
end:    ret

says_7: .string "priority 7, "
says_0: .string "priority 0, "
says_halt:
        .string "halt"
        .space  8
stack:                                  ; grows down
