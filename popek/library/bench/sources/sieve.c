/* Loads and stores all over an array of 2048 words. */
static uint32_t array[2048];

static uint32_t work(uint32_t rounds) {
    uint32_t primes;
    do {
        primes = 0;
        for (uint32_t i = 0; i != 2048; i++) array[i] = 0;
        for (uint32_t n = 2; n != 2048; n++) {
            if (array[n] != 0) continue;
            primes++;
            for (uint32_t m = n + n; m < 2048; m += n) array[m] = 1;
        }
        __asm__ volatile("" : : : "memory");
    } while (--rounds != 0);
    return primes;
}
