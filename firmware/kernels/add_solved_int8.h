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
 * cycles = "41 + 10.7 * out_rows * out_cols * channels"
 */
#ifndef HB_ADD_SOLVED_INT8_H
#define HB_ADD_SOLVED_INT8_H

#include "hb_binary.h"

HB_KERNEL void hb_add_solved_run(const int8_t *first, const int8_t *second, int8_t *result, int32_t run,
                                 const hb_binary_int8_args *p)
{
#pragma GCC unroll 4
    for (int32_t i = 0; i < run; i++) {
        const int32_t sum = (first[i] * p->solved_a + second[i] * p->solved_b + p->solved_c) >> p->solved_shift;
        result[i] =
            (int8_t)(p->low == INT8_MIN && p->high == INT8_MAX ? hb_saturate8(sum) : hb_clamp(sum, p->low, p->high));
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
