/* FULLY_CONNECTED, float32, sparse weights: the zeros are neither stored nor multiplied. The sums are those of the
 * dense kernel.
 *
 * [kernel]
 * op = ["FULLY_CONNECTED"]
 * input = ["float32"]
 * weights = "sparse"
 * cycles = "batches * (65 + 33 * outputs + 19 * nonzeros)"
 * arrays = ["values", "gaps", "counts", "bias"]
 */
#ifndef HB_FULLY_CONNECTED_SPARSE_FLOAT32_H
#define HB_FULLY_CONNECTED_SPARSE_FLOAT32_H

#include "hb_fully_connected.h"

HB_KERNEL void hb_fully_connected_sparse_float32(const void *in, void *out, const hb_fully_connected_float32_args *p)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        float *result = (float *)out + batch * p->outputs;
        const float *value = p->values;
        const uint8_t *gap = p->gaps;
        for (int32_t o = 0; o < p->outputs; o++) {
            const float *input = (const float *)in + batch * p->inputs;
            float sum = p->bias[o];
            for (int32_t entries = p->counts[o]; entries > 0; entries--) {
                input += *gap++;
                sum += *input * *value++;
            }
            result[o] = hb_clampf(sum, p->low, p->high);
        }
    }
}

#endif
