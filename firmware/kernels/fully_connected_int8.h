/* FULLY_CONNECTED, int8: one output at a time.
 *
 * [kernel]
 * op = ["FULLY_CONNECTED"]
 * input = ["int8"]
 * weights = "dense"
 * cycles = "65 + batches * outputs * (60 + 7 * inputs)"
 * arrays = ["weights", "bias", "multiplier", "shift"]
 */
#ifndef HB_FULLY_CONNECTED_INT8_H
#define HB_FULLY_CONNECTED_INT8_H

#include "hb_fully_connected.h"
#include "hb_requantize.h"

HB_KERNEL void hb_fully_connected_int8(const void *in, void *out, const hb_fully_connected_int8_args *p)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const int8_t *input = (const int8_t *)in + batch * p->inputs;
        int8_t *result = (int8_t *)out + batch * p->outputs;
        for (int32_t o = 0; o < p->outputs; o++) {
            const int8_t *weight = p->weights + o * p->inputs;
            uint32_t sum = (uint32_t)p->bias[o];
#pragma GCC unroll 4
            for (int32_t i = 0; i < p->inputs; i++) {
                sum += (uint32_t)((input[i] + p->input_offset) * weight[i]);
            }
            result[o] = hb_requantize_int8(sum, p->multiplier[o], p->shift[o], p->output_offset, p->low, p->high);
        }
    }
}

#endif
