;@ title: A flag that anybody may set (Alpha)
;@ teaches: Any program reads and writes the flag of RS and RC, and every return from the kernel clears it.
;@ isa: alpha
;@ output: "0100"
;@ memory: 128

; Its own under binary translation of all code.
        .equ    user_status, 3          ; user mode, interrupts enabled

        .org    8
        .word   0, 0, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     r1, handler
        wrent   r1
        ldi     r1, user_status         ; what the exception has left: status, pc, R
        st      r1, 0(r0)
        ldi     r1, user
        st      r1, 1(r0)
        st      r0, 2(r0)
        ldi     r1, 128
        st      r1, 3(r0)
        retsys

user:   rs      r1                      ; it was 0, and is 1 now
        rc      r2                      ; it was 1, and is 0 now
        addi    r1, r1, '0'
        addi    r2, r2, '0'
        svc     1
        mov     r1, r2
        svc     1
        rs      r1                      ; it was 0, and is 1 now
        addi    r1, r1, '0'
        svc     1                       ; the return clears it
        rs      r1
        addi    r1, r1, '0'
        svc     1
        svc     0

handler:
        ld      r3, 5(r0)               ; which service
        beq     r3, r0, off
        stl-io  r1
        retsys
off:    halt
