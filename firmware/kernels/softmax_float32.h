/* SOFTMAX, float32, over the last axis; the largest number is taken off first, so that no exponential overflows.
 *
 * [kernel]
 * op = ["SOFTMAX"]
 * input = ["float32"]
 * in_place = true
 */
#ifndef HB_SOFTMAX_FLOAT32_H
#define HB_SOFTMAX_FLOAT32_H

#include <math.h>

#include "hb_softmax.h"

HB_KERNEL void hb_softmax_float32_pixel(const float *input, float *result, const hb_softmax_args *p)
{
    float largest = input[0];
    for (int32_t i = 1; i < p->channels; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    float sum = 0.0f;
    for (int32_t i = 0; i < p->channels; i++) {
        result[i] = expf((input[i] - largest) * p->beta);
        sum += result[i];
    }
    for (int32_t i = 0; i < p->channels; i++) {
        result[i] /= sum;
    }
}

HB_KERNEL void hb_softmax_float32(hb_view in, hb_view out, hb_region at, const hb_softmax_args *p)
{
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const float *input = (const float *)in.data + hb_at(&in, y, x, p->channels);
            hb_softmax_float32_pixel(input, (float *)out.data + hb_at(&out, y, x, p->channels), p);
        }
    }
}

#endif
