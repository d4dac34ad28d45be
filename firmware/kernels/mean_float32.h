/* MEAN, float32, over any axes.
 *
 * [kernel]
 * op = ["MEAN"]
 * input = ["float32"]
 */
#ifndef HB_MEAN_FLOAT32_H
#define HB_MEAN_FLOAT32_H

#include "hb_mean.h"

HB_KERNEL float hb_mean_float32_sum(const float *input, const hb_mean_args *p)
{
    float sum = 0;
    for (int32_t i = 0; i < p->reduced[0]; i++) {
        for (int32_t j = 0; j < p->reduced[1]; j++) {
            for (int32_t k = 0; k < p->reduced[2]; k++) {
                sum += input[i * p->reduced_stride[0] + j * p->reduced_stride[1] + k * p->reduced_stride[2]];
            }
        }
    }
    return sum;
}

HB_KERNEL void hb_mean_float32(const void *in, void *out, const hb_mean_args *p)
{
    const float *input = in;
    float *result = out;
    for (int32_t i = 0; i < p->kept[0]; i++) {
        for (int32_t j = 0; j < p->kept[1]; j++) {
            for (int32_t k = 0; k < p->kept[2]; k++) {
                const int32_t start = i * p->kept_stride[0] + j * p->kept_stride[1] + k * p->kept_stride[2];
                const float sum = hb_mean_float32_sum(&input[start], p);
                *result++ = sum / (float)p->count;
            }
        }
    }
}

#endif
