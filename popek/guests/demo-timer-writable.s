;@ title: Demonstration: a guest that keeps the processor
;@ teaches: The timer is how a monitor gets the processor back; a guest that can stop it never gives it up.
;@ demonstrates: timer-writable
;@ outcome: budget
;@ output: "mine"
;@ max-steps: 5000
;@ memory: 128

; Run it beside another VM, and see whether that one gets a turn.
start:  ldi     r0, 0
        ldi     r1, text
print:  ld      r2, 0(r1)
        beq     r2, r0, keep
        out     r2, 0
        addi    r1, r1, 1
        jmp     print
keep:   settimer r0                     ; 0 stops the timer
for_ever:
        jmp     for_ever

text:   .string "mine"
