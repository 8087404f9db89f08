#include "base/cpu.h"

#include <stdatomic.h>

static _Atomic unsigned disabled_for_tests;

void bb_cpu_disable(unsigned mask) { atomic_store_explicit(&disabled_for_tests, mask, memory_order_relaxed); }

unsigned bb_cpu_features(void)
{
    unsigned features = 0;
#if defined(__x86_64__)
    features |= BB_CPU_SSE2;
    /* The compiler's check includes the operating system's part (are the wide registers saved?). A hypervisor may hide
     * any of the small extensions that come with AVX2, so each is asked for. */
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul")) {
        features |= BB_CPU_AVX2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vbmi2"))
            features |= BB_CPU_AVX512;
    }
#elif defined(__aarch64__)
    features |= BB_CPU_NEON;
#endif
    return features & ~atomic_load_explicit(&disabled_for_tests, memory_order_relaxed);
}
