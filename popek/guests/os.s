;@ title: A small operating system
;@ teaches: Three programs share one processor by turns, each in memory of its own, and the fall of one harms no other.
;@ output: "1ca1ca1caca\n[2 killed: cause 1 at 8]\naa"
;@ memory: 512

; The kernel runs in supervisor mode with interrupts off and R = everything; each user in user mode with an R of its
; own. A trap comes from a user always; the kernel makes none.
;
; This machine cannot save its first register without another one that is free. So r13 is the kernel's, by agreement
; (the MIPS has two such registers, for the same reason): a user must keep nothing in it.

        .equ    users, 3
        .equ    quantum, 40             ; instructions that a user may execute before it is the next one's turn

; The supervisor calls.
        .equ    call_exit, 0            ; end the program
        .equ    call_putc, 1            ; print the character in r1
        .equ    call_yield, 2           ; let the others run
        .equ    call_pid, 3             ; r1 := the program's number
        .equ    calls, 4

; What a trap stores.
        .equ    old_status, 0
        .equ    old_pc, 1
        .equ    old_base, 2
        .equ    old_bound, 3
        .equ    cause, 4
        .equ    detail, 5
        .equ    old_timer, 6

; A process: its registers r0..r15, its PSW, and the rest.
        .equ    status, 16
        .equ    pc, 17
        .equ    base, 18
        .equ    bound, 19
        .equ    time, 20                ; instructions left of its quantum
        .equ    alive, 21
        .equ    pid, 22
        .equ    process_size, 23

.macro  process number, first, end
        .space  16
        .word   3, 0, \first, \end - \first ; user mode, interrupts on, pc 0
        .word   quantum, 1, \number
.endm

        .org    8
        .word   0, kernel, 0, -1

; Entry and exit.

        .org    16
boot:   ldi     r0, 0
        ldi     r13, process_0
        jmp     resume

kernel: ldi     r13, 0
        ld      r13, current(r13)       ; the process that was running
        st      r0, 0(r13)
        st      r1, 1(r13)
        st      r2, 2(r13)
        st      r3, 3(r13)
        st      r4, 4(r13)
        st      r5, 5(r13)
        st      r6, 6(r13)
        st      r7, 7(r13)
        st      r8, 8(r13)
        st      r9, 9(r13)
        st      r10, 10(r13)
        st      r11, 11(r13)
        st      r12, 12(r13)
        st      r14, 14(r13)
        st      r15, 15(r13)
        ldi     r0, 0                   ; from here on r0 is 0
        ldi     sp, stack
        ld      r1, old_status(r0)
        st      r1, status(r13)
        ld      r1, old_pc(r0)
        st      r1, pc(r13)
        ld      r1, old_base(r0)
        st      r1, base(r13)
        ld      r1, old_bound(r0)
        st      r1, bound(r13)
        ld      r1, old_timer(r0)
        st      r1, time(r13)
        ld      r1, cause(r0)
        ld      r1, causes(r1)
        jalr    lr, r1                  ; the handler of that cause: it jumps to resume or to schedule

; Let the process at r13 go on. If its time ran out during a call, it is the next one's turn.
resume: ld      r1, time(r13)
        beq     r1, r0, schedule
        addi    r1, r1, leaving_end - leaving ; the way out counts as well
        settimer r1
leaving:
        ldi     r0, 0
        st      r13, current(r0)
        ld      r0, 0(r13)
        ld      r1, 1(r13)
        ld      r2, 2(r13)
        ld      r3, 3(r13)
        ld      r4, 4(r13)
        ld      r5, 5(r13)
        ld      r6, 6(r13)
        ld      r7, 7(r13)
        ld      r8, 8(r13)
        ld      r9, 9(r13)
        ld      r10, 10(r13)
        ld      r11, 11(r13)
        ld      r12, 12(r13)
        ld      r14, 14(r13)
        ld      r15, 15(r13)
        lpsw    status(r13)
leaving_end:

; Scheduling.

; The next process that is alive, round robin, with a full quantum. If none is, all is done.
schedule:
        ldi     r3, users
search: addi    r13, r13, process_size
        ldi     r1, processes_end
        bltu    r13, r1, found
        ldi     r13, process_0          ; behind the last comes the first
found:  ld      r1, alive(r13)
        bne     r1, r0, turn
        addi    r3, r3, -1
        bne     r3, r0, search
        halt
turn:   ldi     r1, quantum
        st      r1, time(r13)
        jmp     resume

; Handlers.

causes: .word   kill                    ; by cause
        .word   kill                    ; 1 memory
        .word   kill                    ; 2 illegal opcode
        .word   kill                    ; 3 privileged
        .word   service                 ; 4 supervisor call
        .word   kill                    ; 5 arithmetic
        .word   schedule                ; 6 timer
        .word   resume                  ; 7 disk: nobody waits for it

service:
        ld      r1, detail(r0)
        ldi     r2, calls
        bgeu    r1, r2, kill
        ld      r2, services(r1)
        ld      r1, 1(r13)              ; the user's r1
        jalr    lr, r2

services:
        .word   exit, putc, schedule, getpid

exit:   st      r0, alive(r13)
        jmp     schedule

putc:   out     r1, 0
        jmp     resume

getpid: ld      r1, pid(r13)
        st      r1, 1(r13)
        jmp     resume

kill:   ldi     r1, says_killed_1
        call    text
        ld      r1, pid(r13)
        call    number
        ldi     r1, says_killed_2
        call    text
        ld      r1, cause(r0)
        call    number
        ldi     r1, says_killed_3
        call    text
        ld      r1, pc(r13)
        call    number
        ldi     r1, says_killed_4
        call    text
        jmp     exit

; Print the text at r1. Changes r1, r2.
text:   ld      r2, 0(r1)
        beq     r2, r0, end
        out     r2, 0
        addi    r1, r1, 1
        jmp     text
end:    ret

; Print r1 in decimal. Changes r1, r2, r3.
number: push    lr
        ldi     r2, 10
        remu    r3, r1, r2
        push    r3
        divu    r1, r1, r2
        beq     r1, r0, digit
        call    number
digit:  pop     r3
        addi    r3, r3, '0'
        out     r3, 0
        pop     lr
        ret

says_killed_1:
        .string "\n["
says_killed_2:
        .string " killed: cause "
says_killed_3:
        .string " at "
says_killed_4:
        .string "]\n"

current:
        .word   0
process_0:
        process 0, user_0, user_0_end
        process 1, user_1, user_1_end
        process 2, user_2, user_2_end
processes_end:
        .space  16
stack:                                  ; grows down

; Users.

; Computes a while before each letter, and is interrupted.
user_0: ldi     r2, 0
        ldi     r3, 6
        ldi     r4, 1
again_0:
        ldi     r5, 20
work_0: sub     r5, r5, r4
        bne     r5, r2, work_0
        ldi     r1, 'a'
        svc     call_putc
        sub     r3, r3, r4
        bne     r3, r2, again_0
        svc     call_exit
user_0_end:

; Prints its number and lets the others run.
user_1: ldi     r2, 0
        ldi     r3, 3
        ldi     r4, 1
again_1:
        svc     call_pid
        addi    r1, r1, '0'
        svc     call_putc
        svc     call_yield
        sub     r3, r3, r4
        bne     r3, r2, again_1
        svc     call_exit
user_1_end:

; Prints, and then reads what is not its own.
user_2: ldi     r2, 0
        ldi     r3, 4
again_2:
        ldi     r1, 'c'
        svc     call_putc
        svc     call_yield
        addi    r3, r3, -1
        bne     r3, r2, again_2
        ldi     r4, 1000
        ld      r1, 0(r4)
        svc     call_exit               ; never reached
user_2_end:
