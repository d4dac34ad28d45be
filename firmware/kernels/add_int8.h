/* ADD and SUB, int8, with broadcasting: both operands are brought to one scale, 20 bits finer than needed.
 *
 * [kernel]
 * op = ["ADD", "SUB"]
 * input = ["int8"]
 * in_place = true
 * cycles = "43 * out_rows * out_cols * channels"
 */
#ifndef HB_ADD_INT8_H
#define HB_ADD_INT8_H

#include "hb_binary.h"
#include "hb_requantize.h"

HB_KERNEL int8_t hb_add_int8_one(int32_t a, int32_t b, const hb_binary_int8_args *p)
{
    const int32_t fine_a = hb_shift_left(a + p->a_offset, p->left_shift);
    const int32_t fine_b = hb_shift_left(b + p->b_offset, p->left_shift);
    const int32_t scaled_a = hb_requantize(fine_a, p->a_multiplier, p->a_shift);
    const int32_t scaled_b = hb_requantize(fine_b, p->b_multiplier, p->b_shift);
    const int32_t sum = p->subtract ? scaled_a - scaled_b : scaled_a + scaled_b;
    return hb_requantize_int8((uint32_t)sum, p->multiplier, p->shift, p->output_offset, p->low, p->high);
}

HB_KERNEL void hb_add_int8(hb_view a, hb_view b, hb_view out, hb_region at, const hb_binary_int8_args *p)
{
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int8_t *first = (const int8_t *)a.data + hb_at(&a, y * p->a_y, x * p->a_x, p->a_c ? p->channels : 1);
            const int8_t *second = (const int8_t *)b.data + hb_at(&b, y * p->b_y, x * p->b_x, p->b_c ? p->channels : 1);
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->channels);
            for (int32_t c = 0; c < p->channels; c++) {
                result[c] = hb_add_int8_one(first[c * p->a_c], second[c * p->b_c], p);
            }
        }
    }
}

#endif
