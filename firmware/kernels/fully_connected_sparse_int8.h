/* FULLY_CONNECTED, int8, sparse weights: the zeros are neither stored nor multiplied. The sums are those of the dense
 * kernel.
 *
 * [kernel]
 * op = ["FULLY_CONNECTED"]
 * input = ["int8"]
 * weights = "sparse"
 * cycles = "batches * (63 + 61.6 * outputs + 16.8 * nonzeros)"
 * arrays = ["values", "gaps", "counts", "bias", "multiplier", "shift"]
 */
#ifndef HB_FULLY_CONNECTED_SPARSE_INT8_H
#define HB_FULLY_CONNECTED_SPARSE_INT8_H

#include "hb_fully_connected.h"
#include "hb_requantize.h"

HB_KERNEL void hb_fully_connected_sparse_int8(const void *in, void *out, const hb_fully_connected_int8_args *p)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int8_t *result = (int8_t *)out + batch * p->outputs;
        const int8_t *value = p->values;
        const uint8_t *gap = p->gaps;
        for (int32_t o = 0; o < p->outputs; o++) {
            const int8_t *input = (const int8_t *)in + batch * p->inputs;
            uint32_t sum = (uint32_t)p->bias[o];
            for (int32_t entries = p->counts[o]; entries > 0; entries--) {
                input += *gap++;
                sum += (uint32_t)((*input + p->input_offset) * *value++);
            }
            result[o] = hb_requantize_int8(sum, p->multiplier[o], p->shift[o], p->output_offset, p->low, p->high);
        }
    }
}

#endif
