;@ title: Master and slave (Sigma 7)
;@ teaches: A program status is exchanged in one instruction: the master's is kept where the slave's comes from.
;@ isa: sigma7
;@ output: "master, slave, master"
;@ memory: 128

        .equ    cause, 4
        .equ    call, 4

        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        wd      0x37                    ; all interrupts inhibited
        ldi     r1, says_master
        jal     r15, print
        xpsd    exchange(r0)            ; goes on as a slave
        ldi     r1, says_end            ; comes here when the kept status is loaded
        jal     r15, print
        wait

slave:  ldi     r1, says_slave
        svc     1
        mmc     r1, r1                  ; traps

handler:
        ld      r2, cause(r0)
        ldi     r3, call
        bne     r2, r3, back
        jal     r15, print
        lpsd    0(r0)
back:   lpsd    exchange(r0)

; Print the text at r1. Changes r1, r4.
print:  ld      r4, 0(r1)
        beq     r4, r0, end
        sio-write r4
        addi    r1, r1, 1
        jmp     print
end:    jalr    r14, r15

exchange:
        .space  4
        .word   1, slave, 0, 128
says_master:
        .string "master, "
says_slave:
        .string "slave, "
says_end:
        .string "master"
