;@ title: The processor status longword (VAX)
;@ teaches: MOVPSL shows any program its mode, and REI changes it without a trap; only HALT and the like are privileged.
;@ isa: vax
;@ output: "mode 0, mode 3, reserved instruction"
;@ memory: 128

; Runs on the virtual VAX as well, where a program's question would trap: there the kernel answers it.

        .equ    cause, 4
        .equ    changed_mode, 4
        .equ    transmit, 35
        .equ    priority, 18

        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     sp, stack
        ldi     r1, 31
        mtpr    r1, priority            ; nothing may interrupt
        movpsl  r1
        call    tell
        li      r1, 0x03C00000          ; current and previous mode user
        push    r1
        ldi     r1, user
        push    r1
        rei

user:   movpsl  r1
        chmk    1
        halt

handler:
        ld      r2, cause(r0)
        ldi     r3, changed_mode
        bne     r2, r3, refuse
        call    tell
        li      r1, 0x03C00000
        push    r1
        ld      r1, 1(r0)               ; the old pc
        push    r1
        rei
refuse: ld      r2, 1(r0)
        ldi     r3, user
        bne     r2, r3, finish
        li      r1, 0x03C00000          ; it was MOVPSL: this is what it asked for
        push    r1
        addi    r2, r2, 1
        push    r2
        rei
finish: ldi     r5, says_reserved
        call    print
        halt

; Print the current mode of the PSL in r1. Changes r1, r2, r5.
tell:   ldi     r2, 24
        shr     r1, r1, r2
        ldi     r5, says_mode
        push    lr
        call    print
        pop     lr
        addi    r1, r1, '0'
        mtpr    r1, transmit
        ldi     r5, says_comma

; Print the text at r5. Changes r2, r5.
print:  ld      r2, 0(r5)
        beq     r2, r0, end
        mtpr    r2, transmit
        addi    r5, r5, 1
        jmp     print
end:    ret

says_mode:
        .string "mode "
says_comma:
        .string ", "
says_reserved:
        .string "reserved instruction"
        .space  8
stack:                                  ; grows down
