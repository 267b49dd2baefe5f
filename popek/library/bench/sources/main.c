#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include LOOP

int main(int argc, char **argv) {
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    uint32_t found = work((uint32_t)strtoul(argc > 1 ? argv[1] : "1", 0, 10));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    printf("%u %.9f\n", found, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9);
    return 0;
}
