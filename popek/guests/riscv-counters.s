;@ title: A program that counts its own instructions (RISC-V, counters enabled)
;@ teaches: With mcounteren set, U reads instret without a trap; a monitor that counts for its guest has to be asked.
;@ isa: riscv-counters
;@ output: "3 instructions"
;@ memory: 128

; The counter shows what the timer has counted down, so the kernel starts the timer first. Run directly under a monitor the
; program reads the real one, in which the monitor's own time is.

        .equ    spie, 0x20              ; in sstatus; SPP is 0: user

        .org    2
        .word   0, 128
        .org    8
        .word   0, handler, 0, 128

        .org    16
start:  ldi     r0, 0
        ldi     r1, 10000
        csrrw-stimecmp r2, r1
        ldi     r1, user
        csrrw-sepc r2, r1
        ldi     r1, spie
        csrrw-sstatus r2, r1
        sret

user:   rdinstret r1
        nop
        nop
        rdinstret r2
        sub     r3, r2, r1
        svc     0

handler:
        addi    r3, r3, '0'
        sw-io   r3
        ldi     r5, says
print:  ld      r2, 0(r5)
        beq     r2, r0, end
        sw-io   r2
        addi    r5, r5, 1
        jmp     print
end:    csrrw-stimecmp r2, r0
        wfi

says:   .string " instructions"
