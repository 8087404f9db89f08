/* What the processor can do, for kernels that are chosen at run time. No state: asking costs a few loads. */
#ifndef BB_CPU_H
#define BB_CPU_H

enum bb_cpu_feature {
    BB_CPU_SSE2 = 1,
    BB_CPU_AVX2 = 2,   /* with BMI1, BMI2, POPCNT and PCLMUL */
    BB_CPU_AVX512 = 4, /* F, BW, VL, DQ, VBMI2, besides everything of BB_CPU_AVX2 */
    BB_CPU_NEON = 8
};

/* Bits of enum bb_cpu_feature, without those that are disabled. */
unsigned bb_cpu_features(void);

/* Test hook: features to hide from now on (0: none), so that a test can walk through every kernel on one machine. */
void bb_cpu_disable(unsigned mask);

#endif
