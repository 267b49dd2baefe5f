;@ title: Probe: loading the PSW
;@ teaches: Who may load the PSW need not ask a monitor, and lands in real memory, in real supervisor mode.
;@ detects: psw-loadable
;@ output: "bare"
;@ memory: 128

; Base 0 is this program's own memory. Under a monitor the next fetch would come from the real word `after`, far below
; the place where the program has been put.
        .org    8
        .word   0, vm, 0, -1            ; new PSW: no trap is expected here

        .org    16
start:  ldi     r0, 0
        lpsw    psw(r0)
after:  getr    r1, r2
        bne     r1, r0, vm
        ldi     r3, -1
        bne     r2, r3, vm              ; the bound is the one that was loaded
        jmp     bare
psw:    .word   0, after, 0, -1

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
