/* Functions of one 8-bit number, from a table of all 256.
 *
 * [kernel]
 * op = ["LOGISTIC", "RELU", "RELU6", "QUANTIZE"]
 * input = ["int8", "uint8"]
 * in_place = true
 * arrays = ["table"]
 */
#ifndef HB_LOOKUP_INT8_H
#define HB_LOOKUP_INT8_H

#include "hb_unary.h"

HB_KERNEL void hb_lookup_int8(hb_view in, hb_view out, hb_region at, const hb_unary_args *p)
{
    const int32_t run = (at.x1 - at.x0) * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const uint8_t *input = (const uint8_t *)in.data + hb_at(&in, y, at.x0, p->channels);
        uint8_t *result = (uint8_t *)out.data + hb_at(&out, y, at.x0, p->channels);
        for (int32_t i = 0; i < run; i++) {
            result[i] = p->table[input[i]];
        }
    }
}

#endif
