/* PAD of rows, columns and channels.
 *
 * [kernel]
 * op = ["PAD"]
 * input = ["int8", "float32"]
 */
#ifndef HB_PAD_H
#define HB_PAD_H

#include "hb_move.h"

HB_KERNEL void hb_pad(hb_view in, hb_view out, hb_region at, const hb_pad_args *p)
{
    const uint32_t out_bytes = (uint32_t)(p->out_channels * p->size);
    const uint32_t in_bytes = (uint32_t)(p->channels * p->size);
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t in_y = y - p->top;
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t in_x = x - p->left;
            uint8_t *result = (uint8_t *)out.data + hb_at(&out, y, x, p->out_channels) * p->size;
            const int inside = in_y >= 0 && in_y < p->rows && in_x >= 0 && in_x < p->cols;
            if (!inside || p->channels != p->out_channels) {
                memset(result, p->fill, out_bytes);
            }
            if (inside) {
                const uint8_t *input = (const uint8_t *)in.data + hb_at(&in, in_y, in_x, p->channels) * p->size;
                memcpy(result + p->front * p->size, input, in_bytes);
            }
        }
    }
}

#endif
