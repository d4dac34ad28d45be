/* CONCATENATION along rows, columns or channels: copies the part of one input that lies in the region.
 *
 * [kernel]
 * op = ["CONCATENATION"]
 * input = ["int8", "float32"]
 * when = ["same_quantization"]
 */
#ifndef HB_CONCATENATION_H
#define HB_CONCATENATION_H

#include "hb_move.h"

HB_KERNEL void hb_concatenation(hb_view in, hb_view out, hb_region at, const hb_concatenation_args *p)
{
    const int32_t bottom = hb_clamp(p->top + p->rows, at.y0, at.y1);
    const int32_t right = hb_clamp(p->left + p->cols, at.x0, at.x1);
    for (int32_t y = hb_clamp(p->top, at.y0, at.y1); y < bottom; y++) {
        for (int32_t x = hb_clamp(p->left, at.x0, at.x1); x < right; x++) {
            const int32_t from = hb_at(&in, y - p->top, x - p->left, p->channels);
            const int32_t to = hb_at(&out, y, x, p->out_channels) + p->front;
            memcpy((uint8_t *)out.data + to * p->size, (const uint8_t *)in.data + from * p->size,
                   (size_t)(p->channels * p->size));
        }
    }
}

#endif
