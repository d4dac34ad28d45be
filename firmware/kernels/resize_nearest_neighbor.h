/* RESIZE_NEAREST_NEIGHBOR: which row and column each output takes is known beforehand.
 *
 * [kernel]
 * op = ["RESIZE_NEAREST_NEIGHBOR"]
 * input = ["int8", "float32"]
 * arrays = ["rows", "cols"]
 */
#ifndef HB_RESIZE_NEAREST_NEIGHBOR_H
#define HB_RESIZE_NEAREST_NEIGHBOR_H

#include "hb_move.h"

HB_KERNEL void hb_resize_nearest_neighbor(hb_view in, hb_view out, hb_region at, const hb_resize_args *p)
{
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t from = hb_at(&in, p->rows[y], p->cols[x], p->channels);
            const int32_t to = hb_at(&out, y, x, p->channels);
            memcpy((uint8_t *)out.data + to * p->size, (const uint8_t *)in.data + from * p->size,
                   (size_t)(p->channels * p->size));
        }
    }
}

#endif
