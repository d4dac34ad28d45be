/* QUANTIZE, float32 to int8: halves are rounded away from zero.
 *
 * [kernel]
 * op = ["QUANTIZE"]
 * input = ["float32"]
 */
#ifndef HB_QUANTIZE_FLOAT32_H
#define HB_QUANTIZE_FLOAT32_H

#include "hb_unary.h"

/* The quotient is limited first, so that it fits an int32_t; what it is limited to lies far outside of int8. */
HB_KERNEL int8_t hb_quantize_float32_one(float value, const hb_unary_args *p)
{
    const float quotient = hb_clampf(value / p->scale, -1024.0f, 1024.0f);
    const int32_t whole = (int32_t)quotient;
    const float rest = quotient - (float)whole;
    const int32_t rounded = whole + (rest >= 0.5f) - (rest <= -0.5f);
    return (int8_t)hb_clamp(rounded + p->zero_point, INT8_MIN, INT8_MAX);
}

HB_KERNEL void hb_quantize_float32(hb_view in, hb_view out, hb_region at, const hb_unary_args *p)
{
    const int32_t run = (at.x1 - at.x0) * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const float *input = (const float *)in.data + hb_at(&in, y, at.x0, p->channels);
        int8_t *result = (int8_t *)out.data + hb_at(&out, y, at.x0, p->channels);
        for (int32_t i = 0; i < run; i++) {
            result[i] = hb_quantize_float32_one(input[i], p);
        }
    }
}

#endif
