/* AVERAGE_POOL_2D, float32.
 *
 * [kernel]
 * op = ["AVERAGE_POOL_2D"]
 * input = ["float32"]
 */
#ifndef HB_AVERAGE_POOL_2D_FLOAT32_H
#define HB_AVERAGE_POOL_2D_FLOAT32_H

#include "hb_pool.h"

HB_KERNEL void hb_average_pool_2d_float32(hb_view in, hb_view out, hb_region at, const hb_pool_float32_args *p)
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
            float *result = (float *)out.data + hb_at(&out, y, x, p->channels);
            for (int32_t c = 0; c < p->channels; c++) {
                float sum = 0;
                for (int32_t ky = rows.first; ky < rows.last; ky++) {
                    for (int32_t kx = cols.first; kx < cols.last; kx++) {
                        const float value = ((const float *)in.data)[start + c + ky * pitch + kx * step];
                        sum += value;
                    }
                }
                result[c] = hb_clampf(sum / (float)count, p->low, p->high);
            }
        }
    }
}

#endif
