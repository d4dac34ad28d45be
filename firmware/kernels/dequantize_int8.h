/* DEQUANTIZE, int8 to float32.
 *
 * [kernel]
 * op = ["DEQUANTIZE"]
 * input = ["int8"]
 */
#ifndef HB_DEQUANTIZE_INT8_H
#define HB_DEQUANTIZE_INT8_H

#include "hb_unary.h"

HB_KERNEL void hb_dequantize_int8(hb_view in, hb_view out, hb_region at, const hb_unary_args *p)
{
    const int32_t run = (at.x1 - at.x0) * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int8_t *input = (const int8_t *)in.data + hb_at(&in, y, at.x0, p->channels);
        float *result = (float *)out.data + hb_at(&out, y, at.x0, p->channels);
        for (int32_t i = 0; i < run; i++) {
            result[i] = p->scale * (float)(input[i] - p->zero_point);
        }
    }
}

#endif
