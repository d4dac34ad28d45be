/* What every kernel starts from. A kernel is inlined into the function of its step, where its arguments are constants:
 * the compiler specialises it for the one shape that it serves. */
#ifndef HB_KERNEL_H
#define HB_KERNEL_H

#include <stdint.h>

#include "hb_view.h"

#define HB_KERNEL static inline __attribute__((always_inline))

/* A part of kernels that is not specialised: one copy serves all steps of a model. */
#define HB_SHARED static __attribute__((noinline, unused))

/* Assembly written down twice. A compiler takes a statement to be as long as it has lines, and places constants and
 * branches accordingly: of what `.rept` repeats it would know nothing. */
#define HB_TWICE(text) text text

/* Taps first <= k < last of a sliding window that lie inside the tensor. */
typedef struct {
    int32_t first, last;
} hb_span;

/* Tap k of a window reads input start + k * dilation; `inputs` is the length of the tensor along this axis. The span is
 * empty, and never negative, where a window lies wholly in padding, on either side. */
HB_KERNEL hb_span hb_taps(int32_t start, int32_t dilation, int32_t kernel, int32_t inputs)
{
    hb_span span = {0, kernel};
    if (start < 0) {
        span.first = (dilation - 1 - start) / dilation;
        span.first = span.first < kernel ? span.first : kernel;
    }
    if (start + (kernel - 1) * dilation >= inputs) {
        span.last = inputs > start ? (inputs - start + dilation - 1) / dilation : 0;
    }
    return span;
}

HB_KERNEL int32_t hb_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* To int8; one instruction where there is one. */
HB_KERNEL int32_t hb_saturate8(int32_t value)
{
#ifdef __ARM_FEATURE_SAT
    int32_t result;
    __asm("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
#else
    return hb_clamp(value, INT8_MIN, INT8_MAX);
#endif
}

HB_KERNEL float hb_clampf(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
