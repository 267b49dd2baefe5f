;@ title: Hello
;@ teaches: A program talks to the world through a port, one character at a time.
;@ output: "Hello from a third-generation machine.\n"
;@ memory: 256

start:  ldi     r0, 0                   ; r0 is a register like the others; here it is always 0
        ldi     r1, text
next:   ld      r2, 0(r1)               ; one character is one word
        beq     r2, r0, done            ; a word of zero ends the text
        out     r2, 0                   ; port 0 is the console
        addi    r1, r1, 1
        jmp     next
done:   halt

text:   .string "Hello from a third-generation machine.\n"
