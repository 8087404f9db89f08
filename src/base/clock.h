/* How long things take: nanoseconds of a clock that only goes forward, from an arbitrary start. Any thread. */
#ifndef BB_CLOCK_H
#define BB_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t bb_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
