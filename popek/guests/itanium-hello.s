;@ title: A kernel register that programs read (Itanium)
;@ teaches: A kernel leaves a word in a register that every program may read; nobody tells the monitor that it was read.
;@ isa: itanium
;@ output: "kernel register: 7, frame: 5\n"
;@ memory: 160

; Its own under binary translation of all code, and with VT-i in guest mode.
        .equ    user_status, 1          ; level 3
        .equ    valid, 31

        .org    2
        .word   0, 160                  ; the R that `rfi` loads
        .org    8
        .word   0, 0, 0, 160

        .org    16
start:  ldi     r0, 0
        ldi     r1, handler
        mov-to-iva r1
        ldi     r1, '7'
        mov-to-kr r1
        mov-to-ifs r0
        ldi     r1, user
        mov-to-iip r1
        ldi     r1, user_status
        mov-to-ipsr r1
        rsm     4                       ; as an interruption does: nothing is collected
        rfi

user:   ldi     r1, says_register
        svc     1
        mov-from-kr r1
        svc     2
        alloc   5
        svc     3                       ; prints the size of the frame
        ldi     r1, '\n'
        svc     2
        svc     0

handler:
        rsm     4
        cover                           ; the program's frame goes to cr.ifs
        mov-from-ifa r2                 ; which service
        beq     r2, r0, off
        ldi     r3, 1
        beq     r2, r3, string
        ldi     r3, 2
        beq     r2, r3, one
        ldi     r1, says_frame
        call    print
        mov-from-ifs r1
        ldi     r3, 15
        and     r1, r1, r3
        addi    r1, r1, '0'
one:    st-io   r1
        rfi
string: call    print
        rfi
off:    pal-halt-light                  ; nothing will ever come

; Print the text at r1. Changes r1, r4.
print:  ld      r4, 0(r1)
        beq     r4, r0, end
        st-io   r4
        addi    r1, r1, 1
        jmp     print
end:    ret

says_register:
        .string "kernel register: "
says_frame:
        .string ", frame: "
