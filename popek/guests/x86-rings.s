;@ title: Ring 0 and ring 3 (x86)
;@ teaches: Selectors show the ring, POPF sets the interrupt flag, SGDT finds the table: in ring 3 none of that is true.
;@ isa: x86
;@ output: "ring 0, tick, ring 3"
;@ memory: 192

        .equ    kernel_code, 0x08
        .equ    kernel_data, 0x10
        .equ    user_code, 0x1b         ; asks for ring 3
        .equ    code, 1                 ; the segment registers' numbers
        .equ    stack, 2
        .equ    timer, 0x40
        .equ    interrupt_flag, 0x200
        .equ    cause, 4
        .equ    timer_interrupt, 6

        .org    8
        .word   0, handler, 0, 192

        .org    16
start:  ldi     r0, 0
        ldi     r1, table
        lgdt    r1
        sgdt    r2
        bne     r1, r2, wrong
        ldi     r1, kernel_data
        mov-to-seg r1, stack            ; in ring 0 the stack must be of ring 0
        call    ring
        pushf   r1
        ldi     r2, interrupt_flag
        or      r1, r1, r2
        ldi     r2, 5
        out     r2, timer
        popf    r1                      ; from here on it may tick
        ldi     r2, 20
wait:   addi    r2, r2, -1
        bne     r2, r0, wait
        ldi     r1, user
        ldi     r2, user_code
        ret-far r1, r2                  ; outwards: nothing traps
user:   call    ring
        hlt                             ; never reached: OUT has trapped
wrong:  hlt

handler:
        ld      r3, cause(r0)
        ldi     r4, timer_interrupt
        beq     r3, r4, tick
        ldi     r4, 3
        bne     r3, r4, wrong
        call    print                   ; what the user could not
        hlt
tick:   ldi     r5, says_tick
        call    print
        ld      r1, 1(r0)               ; the old pc
        ldi     r3, kernel_code
        pushf   r4
        iret    r1, r3, r4

; Print the ring. Changes r1, r2, r5, lr.
ring:   mov-from-seg r1, code
        ldi     r5, 3
        and     r1, r1, r5
        addi    r1, r1, '0'
        ldi     r5, digit
        st      r1, 0(r5)
        ldi     r5, says_ring

; Print the text at r5. Changes r2, r5.
print:  ld      r2, 0(r5)
        beq     r2, r0, end
        out     r2, 0
        addi    r5, r5, 1
        jmp     print
end:    ret

says_ring:
        .word   'r', 'i', 'n', 'g', ' '
digit:  .word   0, 0
says_tick:
        .string ", tick, "

table:  .word   0                       ; the null descriptor
        .word   0x00cf9a00              ; code of ring 0
        .word   0x00cf9200              ; data of ring 0
        .word   0x00cffa00              ; code of ring 3
