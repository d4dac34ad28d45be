/* AVERAGE_POOL_2D, int8, with Helium: four channels at a time.
 *
 * [kernel]
 * op = ["AVERAGE_POOL_2D"]
 * input = ["int8"]
 * isa = ["mve"]
 * when = ["channels % 4 == 0"]
 * cycles = "60 + out_rows * out_cols * (60 + channels // 4 * (40 + 4 * kernel_h * kernel_w))"
 */
#ifndef HB_AVERAGE_POOL_2D_MVE_INT8_H
#define HB_AVERAGE_POOL_2D_MVE_INT8_H

#include "average_pool_2d_int8.h"
#include "hb_mve.h"

/* Sums of four channels over a window: `rows` by `cols` pixels from `pixel` on. */
HB_KERNEL hb_four hb_average_pool_2d_mve_sums(const int8_t *pixel, int32_t rows, int32_t cols, int32_t pitch,
                                              int32_t step)
{
    const int32_t none[4] = {0, 0, 0, 0};
    hb_four sums = hb_four_of(none);
    for (int32_t y = 0; y < rows; y++, pixel += pitch) {
        const int8_t *next = pixel;
        for (int32_t x = 0; x < cols; x++, next += step) {
            sums = hb_mve_add(sums, hb_mve_widen(next));
        }
    }
    return sums;
}

HB_KERNEL void hb_average_pool_2d_mve_int8(hb_view in, hb_view out, hb_region at, const hb_pool_int8_args *p)
{
    const int32_t pitch = p->dilation_h * in.cols * p->channels, step = p->dilation_w * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            const int8_t *window = (const int8_t *)in.data + hb_at(&in, top, left, p->channels);
            const int32_t height = rows.last - rows.first, width = cols.last - cols.first;
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->channels);
            window += rows.first * pitch + cols.first * step;
            for (int32_t c = 0; c < p->channels; c += 4) {
                int32_t sums[4];
                hb_four_to(sums, hb_average_pool_2d_mve_sums(window + c, height, width, pitch, step));
                for (int32_t i = 0; i < 4; i++) {
                    result[c + i] = hb_average_int8(sums[i], height * width, p);
                }
            }
        }
    }
}

#endif
