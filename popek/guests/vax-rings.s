;@ title: Three outer modes, and what each may touch (VAX)
;@ teaches: Memory is the kernel's, the executive's, or everybody's. Ring compression cannot tell the first two apart.
;@ isa: vax-rings
;@ output: "executive -y, supervisor --, user --"
;@ memory: 128

; In each outer mode one of the kernel's words is tried, and then one of the executive's: `-` for a fault, `y` for none.
; Under ring compression executive mode reaches both.

        .equ    old_pc, 1
        .equ    cause, 4
        .equ    detail, 5
        .equ    address_fault, 1
        .equ    transmit, 35
        .equ    priority, 18

        .org    8
        .word   0, handler, 0, 128      ; this word, and all below 16, will be the kernel's

        .org    16
        jmp     start
secret: .word   7                       ; and what is below 18 the executive's

start:  ldi     r0, 0
        ldi     sp, stack
        ldi     r1, 31
        mtpr    r1, priority            ; nothing may interrupt
        ldi     r1, 16
        ldi     r2, 18
        set-protection r1, r2
        ldi     r6, 1
        ldi     r5, executive
        call    print

; Go on at r8 in mode r6.
enter:  ldi     r8, visit
go:     ldi     r1, 24
        shl     r1, r6, r1
        ldi     r2, 22
        shl     r2, r6, r2
        or      r1, r1, r2              ; current and previous mode
        push    r1
        push    r8
        rei

visit:  ld      r2, 9(r0)
        chmk    1
        ld      r2, secret(r0)
        chmk    1
        chmk    2

handler:
        ld      r8, old_pc(r0)
        ld      r1, cause(r0)
        ldi     r2, address_fault
        beq     r1, r2, fault
        ld      r1, detail(r0)
        ldi     r2, 1
        bne     r1, r2, next
        ldi     r1, 'y'
        mtpr    r1, transmit
        jmp     go
fault:  ldi     r1, '-'
        mtpr    r1, transmit
        addi    r8, r8, 2               ; behind the CHMK that would have said so
        jmp     go

next:   addi    r6, r6, 1
        ldi     r5, supervisor
        ldi     r1, 2
        beq     r6, r1, named
        ldi     r5, user
        ldi     r1, 3
        beq     r6, r1, named
        halt
named:  call    print
        jmp     enter

; Print the text at r5. Changes r2, r5.
print:  ld      r2, 0(r5)
        beq     r2, r0, end
        mtpr    r2, transmit
        addi    r5, r5, 1
        jmp     print
end:    ret

executive:
        .string "executive "
supervisor:
        .string ", supervisor "
user:   .string ", user "
        .space  4
stack:                                  ; grows down
