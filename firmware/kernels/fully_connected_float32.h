/* FULLY_CONNECTED, float32: one output at a time.
 *
 * [kernel]
 * op = ["FULLY_CONNECTED"]
 * input = ["float32"]
 * weights = "dense"
 * cycles = "batches * (65 + outputs * (28 + 11.9 * inputs))"
 * arrays = ["weights", "bias"]
 */
#ifndef HB_FULLY_CONNECTED_FLOAT32_H
#define HB_FULLY_CONNECTED_FLOAT32_H

#include "hb_fully_connected.h"

HB_KERNEL void hb_fully_connected_float32(const void *in, void *out, const hb_fully_connected_float32_args *p)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const float *input = (const float *)in + batch * p->inputs;
        float *result = (float *)out + batch * p->outputs;
        for (int32_t o = 0; o < p->outputs; o++) {
            const float *weight = p->weights + o * p->inputs;
            float sum = p->bias[o];
            for (int32_t i = 0; i < p->inputs; i++) {
                sum += input[i] * weight[i];
            }
            result[o] = hb_clampf(sum, p->low, p->high);
        }
    }
}

#endif
