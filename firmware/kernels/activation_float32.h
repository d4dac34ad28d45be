/* RELU and RELU6, float32.
 *
 * [kernel]
 * op = ["RELU", "RELU6"]
 * input = ["float32"]
 * in_place = true
 */
#ifndef HB_ACTIVATION_FLOAT32_H
#define HB_ACTIVATION_FLOAT32_H

#include "hb_unary.h"

HB_KERNEL void hb_activation_float32(hb_view in, hb_view out, hb_region at, const hb_unary_args *p)
{
    const int32_t run = (at.x1 - at.x0) * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const float *input = (const float *)in.data + hb_at(&in, y, at.x0, p->channels);
        float *result = (float *)out.data + hb_at(&out, y, at.x0, p->channels);
        for (int32_t i = 0; i < run; i++) {
            result[i] = hb_clampf(input[i], p->low, p->high);
        }
    }
}

#endif
