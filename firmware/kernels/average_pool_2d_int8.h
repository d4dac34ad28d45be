/* AVERAGE_POOL_2D, int8.
 *
 * [kernel]
 * op = ["AVERAGE_POOL_2D"]
 * input = ["int8"]
 * cycles = "60 + out_rows * out_cols * (60 + channels * (20 + 7 * kernel_h * kernel_w))"
 */
#ifndef HB_AVERAGE_POOL_2D_INT8_H
#define HB_AVERAGE_POOL_2D_INT8_H

#include "hb_pool.h"

HB_KERNEL void hb_average_pool_2d_int8(hb_view in, hb_view out, hb_region at, const hb_pool_int8_args *p)
{
    const int32_t pitch = p->dilation_h * in.cols * p->channels;
    const int32_t step = p->dilation_w * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            const int32_t start = hb_at(&in, top, left, p->channels);
            const int32_t count = (rows.last - rows.first) * (cols.last - cols.first);
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->channels);
            for (int32_t c = 0; c < p->channels; c++) {
                int32_t sum = 0;
                for (int32_t ky = rows.first; ky < rows.last; ky++) {
                    for (int32_t kx = cols.first; kx < cols.last; kx++) {
                        const int8_t value = ((const int8_t *)in.data)[start + c + ky * pitch + kx * step];
                        sum += value;
                    }
                }
                result[c] = hb_average_int8(sum, count, p);
            }
        }
    }
}

#endif
