/* FULLY_CONNECTED, int8, with Helium: the inputs go over the weights of four outputs at a time.
 *
 * [kernel]
 * op = ["FULLY_CONNECTED"]
 * input = ["int8"]
 * isa = ["mve"]
 * when = ["outputs >= 4", "short_requantization"]
 * arrays = ["weights", "whole_bias", "multiplier", "shift"]
 * cycles = "batches * (outputs + 3) // 4 * (40 + 10 * ((inputs + 15) // 16))"
 */
#ifndef HB_FULLY_CONNECTED_MVE_INT8_H
#define HB_FULLY_CONNECTED_MVE_INT8_H

#include "hb_fully_connected.h"
#include "hb_mve.h"

HB_KERNEL void hb_fully_connected_mve_int8(const void *in, void *out, const hb_fully_connected_int8_args *p)
{
    const hb_mve_output output = {p->output_offset, p->low, p->high};
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const int8_t *input = (const int8_t *)in + batch * p->inputs;
        int8_t *result = (int8_t *)out + batch * p->outputs;
        for (int32_t o = 0; o < p->outputs; o += 4) {
            /* The last four may begin among those before them. */
            const int32_t first = o + 4 <= p->outputs ? o : p->outputs - 4;
            const hb_four products = hb_mve_dots(input, p->weights + first * p->inputs, p->inputs, p->inputs, 0);
            const hb_four sums = hb_mve_add(products, hb_four_of(p->whole_bias + first));
            hb_mve_narrow(result + first, hb_mve_requantize_each(sums, hb_four_of(p->multiplier + first),
                                                                 hb_mve_widen(p->shift + first), &output));
        }
    }
}

#endif
