/* AVERAGE_POOL_2D, int8, with SXTAB16: four channels at a time.
 *
 * [kernel]
 * op = ["AVERAGE_POOL_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["channels % 4 == 0"]
 * cycles = "100 + out_rows * out_cols * (60 + channels * (25 + 1.4 * kernel_h * kernel_w))"
 */
#ifndef HB_AVERAGE_POOL_2D_DSP_INT8_H
#define HB_AVERAGE_POOL_2D_DSP_INT8_H

#include "hb_columns.h"
#include "hb_pool.h"

HB_KERNEL void hb_average_pool_2d_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_pool_int8_args *p)
{
    const int32_t pitch = p->dilation_h * in.cols * p->channels, step = p->dilation_w * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            const int32_t across = cols.last - cols.first, down = rows.last - rows.first, count = across * down;
            const int run = pitch == across * step; /* rows that follow each other */
            const int32_t first = rows.first * pitch + cols.first * step;
            const int8_t *corner = (const int8_t *)in.data + hb_at(&in, top, left, p->channels) + first;
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->channels);
            for (int32_t c = 0; c < p->channels; c += 4) {
                int32_t sums[4] = {0};
                for (int32_t row = 0; row < (run ? 1 : down); row++) {
                    hb_columns_add(corner + c + row * pitch, run ? count : across, step, sums);
                }
                for (int32_t i = 0; i < 4; i++) {
                    const int32_t half = sums[i] > 0 ? count / 2 : -(count / 2);
                    result[c + i] = (int8_t)hb_clamp((sums[i] + half) / count, p->low, p->high);
                }
            }
        }
    }
}

#endif
