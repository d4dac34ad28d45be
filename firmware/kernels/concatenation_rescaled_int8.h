/* CONCATENATION of int8 tensors whose quantization differs from the output's: through a table per input.
 *
 * [kernel]
 * op = ["CONCATENATION"]
 * input = ["int8"]
 * arrays = ["table"]
 * when = ["not same_quantization"]
 */
#ifndef HB_CONCATENATION_RESCALED_INT8_H
#define HB_CONCATENATION_RESCALED_INT8_H

#include "hb_move.h"

HB_KERNEL void hb_concatenation_rescaled_int8(hb_view in, hb_view out, hb_region at, const hb_concatenation_args *p)
{
    const int32_t bottom = hb_clamp(p->top + p->rows, at.y0, at.y1);
    const int32_t right = hb_clamp(p->left + p->cols, at.x0, at.x1);
    for (int32_t y = hb_clamp(p->top, at.y0, at.y1); y < bottom; y++) {
        for (int32_t x = hb_clamp(p->left, at.x0, at.x1); x < right; x++) {
            const uint8_t *input = (const uint8_t *)in.data + hb_at(&in, y - p->top, x - p->left, p->channels);
            uint8_t *result = (uint8_t *)out.data + hb_at(&out, y, x, p->out_channels) + p->front;
            for (int32_t c = 0; c < p->channels; c++) {
                result[c] = p->table[input[c]];
            }
        }
    }
}

#endif
