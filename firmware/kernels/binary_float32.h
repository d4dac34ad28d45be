/* ADD, SUB and MUL, float32, with broadcasting.
 *
 * [kernel]
 * op = ["ADD", "SUB", "MUL"]
 * input = ["float32"]
 * in_place = true
 */
#ifndef HB_BINARY_FLOAT32_H
#define HB_BINARY_FLOAT32_H

#include "hb_binary.h"

HB_KERNEL float hb_binary_float32_one(float a, float b, const hb_binary_float32_args *p)
{
    const float value = p->operation == HB_ADD ? a + b : p->operation == HB_SUB ? a - b : a * b;
    return hb_clampf(value, p->low, p->high);
}

HB_KERNEL void hb_binary_float32(hb_view a, hb_view b, hb_view out, hb_region at, const hb_binary_float32_args *p)
{
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const float *first = (const float *)a.data + hb_at(&a, y * p->a_y, x * p->a_x, p->a_c ? p->channels : 1);
            const float *second = (const float *)b.data + hb_at(&b, y * p->b_y, x * p->b_x, p->b_c ? p->channels : 1);
            float *result = (float *)out.data + hb_at(&out, y, x, p->channels);
            for (int32_t c = 0; c < p->channels; c++) {
                result[c] = hb_binary_float32_one(first[c * p->a_c], second[c * p->b_c], p);
            }
        }
    }
}

#endif
