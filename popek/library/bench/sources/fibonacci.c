/* Calls, returns and a stack, as far as the compiler leaves any. */
static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static uint32_t work(uint32_t rounds) {
    uint32_t sum = 0;
    do {
        uint32_t n = 14;
        __asm__ volatile("" : "+r"(n));
        sum += fib(n);
    } while (--rounds != 0);
    return sum;
}
