/* A loop that never touches memory; what the others compute in registers and never use is used up here. */
static uint32_t work(uint32_t rounds) {
    uint32_t a = 0, b = 1, last = 0;
    do {
        for (uint32_t i = 0; i != 1000;) {
            a += b;
            b ^= a;
            i += 1;
            last = ((a - i) & b) | i;
            __asm__ volatile("" : : "r"(last));
        }
    } while (--rounds != 0);
    return b;
}
