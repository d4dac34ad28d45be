/* MUL, int8, with broadcasting.
 *
 * [kernel]
 * op = ["MUL"]
 * input = ["int8"]
 * in_place = true
 */
#ifndef HB_MUL_INT8_H
#define HB_MUL_INT8_H

#include "hb_binary.h"
#include "hb_requantize.h"

HB_KERNEL int8_t hb_mul_int8_one(int32_t a, int32_t b, const hb_binary_int8_args *p)
{
    const int32_t product = (a + p->a_offset) * (b + p->b_offset);
    return hb_requantize_int8((uint32_t)product, p->multiplier, p->shift, p->output_offset, p->low, p->high);
}

HB_KERNEL void hb_mul_int8(hb_view a, hb_view b, hb_view out, hb_region at, const hb_binary_int8_args *p)
{
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int8_t *first = (const int8_t *)a.data + hb_at(&a, y * p->a_y, x * p->a_x, p->a_c ? p->channels : 1);
            const int8_t *second = (const int8_t *)b.data + hb_at(&b, y * p->b_y, x * p->b_x, p->b_c ? p->channels : 1);
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->channels);
            for (int32_t c = 0; c < p->channels; c++) {
                result[c] = hb_mul_int8_one(first[c * p->a_c], second[c * p->b_c], p);
            }
        }
    }
}

#endif
