/* MEAN, int8, over any axes.
 *
 * [kernel]
 * op = ["MEAN"]
 * input = ["int8"]
 * cycles = "100 + kept[0] * kept[1] * kept[2] * (30 + 9 * reduced[0] * reduced[1] * reduced[2])"
 */
#ifndef HB_MEAN_INT8_H
#define HB_MEAN_INT8_H

#include "hb_mean.h"
#include "hb_requantize.h"

HB_KERNEL int32_t hb_mean_int8_sum(const int8_t *input, const hb_mean_args *p)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < p->reduced[0]; i++) {
        for (int32_t j = 0; j < p->reduced[1]; j++) {
            for (int32_t k = 0; k < p->reduced[2]; k++) {
                sum += input[i * p->reduced_stride[0] + j * p->reduced_stride[1] + k * p->reduced_stride[2]];
            }
        }
    }
    return sum;
}

HB_KERNEL int8_t hb_mean_int8_of(int32_t sum, const hb_mean_args *p)
{
    return hb_requantize_int8((uint32_t)(sum - p->count * p->input_zero_point), p->multiplier, p->shift,
                              p->output_zero_point, INT8_MIN, INT8_MAX);
}

HB_KERNEL void hb_mean_int8(const void *in, void *out, const hb_mean_args *p)
{
    const int8_t *input = in;
    int8_t *result = out;
    for (int32_t i = 0; i < p->kept[0]; i++) {
        for (int32_t j = 0; j < p->kept[1]; j++) {
            for (int32_t k = 0; k < p->kept[2]; k++) {
                const int32_t start = i * p->kept_stride[0] + j * p->kept_stride[1] + k * p->kept_stride[2];
                const int32_t sum = hb_mean_int8_sum(&input[start], p);
                *result++ = hb_mean_int8_of(sum, p);
            }
        }
    }
}

#endif
