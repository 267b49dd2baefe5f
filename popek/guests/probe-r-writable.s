;@ title: Probe: writing the relocation register
;@ teaches: Who may set R need not ask a monitor, and addresses real memory.
;@ detects: r-writable
;@ output: "bare"
;@ memory: 128

; Base 0 is this program's own memory. Under a monitor the next fetch would come from real memory, far below the place
; where the program has been put.
        .org    8
        .word   0, vm, 0, -1            ; new PSW: no trap is expected here

        .org    16
start:  ldi     r0, 0
        ldi     r3, -1
        setr    r0, r3
        getr    r1, r2
        bne     r1, r0, vm
        bne     r2, r3, vm              ; the bound is the one that was set

bare:   ldi     r1, says_bare
        jmp     print
vm:     ldi     r1, says_vm
print:  ld      r2, 0(r1)
        beq     r2, r0, done
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
done:   halt

says_bare:
        .string "bare"
says_vm:
        .string "VM"
