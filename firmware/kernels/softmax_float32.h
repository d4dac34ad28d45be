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

HB_KERNEL void hb_softmax_float32_row(const float *input, float *result, const hb_softmax_args *p)
{
    float largest = input[0];
    for (int32_t i = 1; i < p->depth; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    float sum = 0.0f;
    for (int32_t i = 0; i < p->depth; i++) {
        result[i] = expf((input[i] - largest) * p->beta);
        sum += result[i];
    }
    for (int32_t i = 0; i < p->depth; i++) {
        result[i] /= sum;
    }
}

HB_KERNEL void hb_softmax_float32(const void *in, void *out, const hb_softmax_args *p)
{
    for (int32_t row = 0; row < p->rows; row++) {
        hb_softmax_float32_row((const float *)in + row * p->depth, (float *)out + row * p->depth, p);
    }
}

#endif
