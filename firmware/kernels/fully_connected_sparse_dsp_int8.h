/* FULLY_CONNECTED, int8, sparse weights, with SMLABB: every weight that is not zero is multiplied once.
 *
 * [kernel]
 * op = ["FULLY_CONNECTED"]
 * input = ["int8"]
 * weights = "sparse"
 * isa = ["dsp"]
 * when = ["short_requantization", "low == -128", "high == 127", "sparse_fits"]
 * cycles = "batches * (38 + 1.76 * inputs + 38.1 * outputs + 7.19 * nonzeros)"
 * arrays = ["sparse_singles"]
 */
#ifndef HB_FULLY_CONNECTED_SPARSE_DSP_INT8_H
#define HB_FULLY_CONNECTED_SPARSE_DSP_INT8_H

#include "hb_fully_connected.h"
#include "hb_sparse_singles.h"

HB_KERNEL void hb_fully_connected_sparse_dsp_int8(const void *in, void *out, const hb_fully_connected_int8_args *p)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        hb_singles_1_shifted((const int8_t *)in + batch * p->inputs, (const uint8_t *)p->sparse_singles,
                             (int8_t *)out + batch * p->outputs);
    }
}

#endif
