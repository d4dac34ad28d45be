/* ADD and SUB, int8, of two tensors of one shape, as (a * solved_a + b * solved_b + solved_c) >> solved_shift.
 *
 * The constants are solved beforehand such that all 65,536 pairs of inputs give what `add_int8.h` gives
 * (hilbench/kernels/requantize.py); where there are none, `solved` is 0.
 *
 * [kernel]
 * op = ["ADD", "SUB"]
 * input = ["int8"]
 * when = ["solved", "a_y and a_x and a_c and b_y and b_x and b_c"]
 * in_place = true
 * cycles = "41 + 7.7 * out_rows * out_cols * channels"
 */
#ifndef HB_ADD_SOLVED_INT8_H
#define HB_ADD_SOLVED_INT8_H

#include <string.h>

#include "hb_binary.h"

HB_KERNEL int32_t hb_add_solved(int8_t a, int8_t b, const hb_binary_int8_args *p)
{
    const int32_t sum = (a * p->solved_a + b * p->solved_b + p->solved_c) >> p->solved_shift;
    return p->low == INT8_MIN && p->high == INT8_MAX ? hb_saturate8(sum) : hb_clamp(sum, p->low, p->high);
}

/* Four elements whose bytes are a word each; for outputs of the full range, and a shift above 0. */
#ifdef __ARM_FEATURE_SAT
#define HB_ADD_SOLVED(sum, rotation)                                                                                   \
    "sxtb.w %[" sum "], %[a]" rotation "\n"                                                                            \
    "sxtb.w %[t], %[b]" rotation "\n"                                                                                  \
    "mla %[" sum "], %[" sum "], %[first], %[offset]\n"                                                                \
    "mla %[" sum "], %[t], %[second], %[" sum "]\n"                                                                    \
    "ssat %[" sum "], #8, %[" sum "], asr %[shift]\n"

HB_KERNEL uint32_t hb_add_solved_four(uint32_t a, uint32_t b, const hb_binary_int8_args *p)
{
    uint32_t sums, sum, t;
    /* clang-format off */
    __asm(".balign 4\n"
          HB_ADD_SOLVED("sums", "")
          HB_ADD_SOLVED("sum", ", ror #8")
          "bfi %[sums], %[sum], #8, #8\n"
          HB_ADD_SOLVED("sum", ", ror #16")
          "bfi %[sums], %[sum], #16, #8\n"
          HB_ADD_SOLVED("sum", ", ror #24")
          "bfi %[sums], %[sum], #24, #8\n"
          : [sums] "=&r"(sums), [sum] "=&r"(sum), [t] "=&r"(t)
          : [a] "r"(a), [b] "r"(b), [first] "r"(p->solved_a), [second] "r"(p->solved_b), [offset] "r"(p->solved_c),
            [shift] "I"(p->solved_shift));
    /* clang-format on */
    return sums;
}
#endif

HB_KERNEL void hb_add_solved_run(const int8_t *first, const int8_t *second, int8_t *result, int32_t run,
                                 const hb_binary_int8_args *p)
{
    int32_t i = 0;
#ifdef __ARM_FEATURE_SAT
    if (p->low == INT8_MIN && p->high == INT8_MAX && p->solved_shift > 0) {
#pragma GCC unroll 2
        for (; i < run / 4 * 4; i += 4) {
            uint32_t a, b;
            memcpy(&a, first + i, sizeof a);
            memcpy(&b, second + i, sizeof b);
            a = hb_add_solved_four(a, b, p);
            memcpy(result + i, &a, sizeof a);
        }
    }
#endif
    for (; i < run; i++) {
        result[i] = (int8_t)hb_add_solved(first[i], second[i], p);
    }
}

HB_KERNEL void hb_add_solved_int8(hb_view a, hb_view b, hb_view out, hb_region at, const hb_binary_int8_args *p)
{
    for (int32_t y = at.y0; y < at.y1; y++) {
        hb_add_solved_run((const int8_t *)a.data + hb_at(&a, y, at.x0, p->channels),
                          (const int8_t *)b.data + hb_at(&b, y, at.x0, p->channels),
                          (int8_t *)out.data + hb_at(&out, y, at.x0, p->channels), (at.x1 - at.x0) * p->channels, p);
    }
}

#endif
