/* DEPTHWISE_CONV_2D, int8, with Helium: four channels of three pixels of a row at a time.
 *
 * What the three pixels read is a window of the input; where a part of it lies outside, a copy with padding takes its
 * place. A column of the window is loaded once for all the pixels that it belongs to.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["mve"]
 * when = [
 *   "channel_multiplier == 1", "in_channels % 4 == 0", "kernel_w <= 7", "dilation_w == 1", "short_requantization",
 * ]
 * scratch = "kernel_h * (2 * stride_w + kernel_w) * in_channels"
 * arrays = ["weights", "whole_bias", "multiplier", "shift"]
 * cycles = """
 *   out_rows * ((out_cols + 2) // 3)
 *   * (60 + in_channels // 4 * (45 + kernel_h * (4 + 2 * (2 * stride_w + kernel_w) + 8 * kernel_w)))"""
 */
#ifndef HB_DEPTHWISE_CONV_2D_MVE_INT8_H
#define HB_DEPTHWISE_CONV_2D_MVE_INT8_H

#include "hb_conv.h"
#include "hb_mve.h"

/* `count` <= 3 pixels of one row, whose outputs begin at `to`; their window begins at `x`, its rows are `pitch` apart.
 */
HB_KERNEL void hb_depthwise_conv_2d_mve_pixels(const int8_t *x, int32_t pitch, int8_t *to, int32_t count,
                                               const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels, columns = 2 * p->stride_w + p->kernel_w;
    const hb_mve_output output = {p->output_offset, p->low, p->high};
    for (int32_t c = 0; c < channels; c += 4) {
        const hb_four begin = hb_four_of(p->whole_bias + c);
        hb_four sums[3] = {begin, begin, begin};
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {
            const int8_t *weights = p->weights + ky * p->kernel_w * channels + c, *row = x + ky * pitch + c;
            hb_four weight[7];
#pragma GCC unroll 7
            for (int32_t kx = 0; kx < p->kernel_w; kx++) {
                weight[kx] = hb_mve_widen(weights + kx * channels);
            }
#pragma GCC unroll 32
            for (int32_t column = 0; column < columns; column++) {
                const hb_four value = hb_mve_widen(row + column * channels);
#pragma GCC unroll 3
                for (int32_t i = 0; i < 3; i++) {
                    const int32_t kx = column - i * p->stride_w;
                    if (kx >= 0 && kx < p->kernel_w) {
                        sums[i] = hb_mve_accumulate(sums[i], value, weight[kx]);
                    }
                }
            }
        }
        const hb_four multiplier = hb_four_of(p->multiplier + c), shift = hb_mve_widen(p->shift + c);
#pragma GCC unroll 3
        for (int32_t i = 0; i < 3; i++) {
            if (i < count) {
                hb_mve_narrow(to + i * channels + c, hb_mve_requantize_each(sums[i], multiplier, shift, &output));
            }
        }
    }
}

/* What `count` pixels read, with padding: rows and columns from (top, left) on. */
HB_KERNEL void hb_depthwise_conv_2d_mve_window(const hb_view *in, int32_t top, int32_t left, int32_t count,
                                               int8_t *window, const hb_conv_int8_args *p)
{
    const int32_t pitch = (2 * p->stride_w + p->kernel_w) * p->in_channels;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        hb_mve_row(in, top + ky * p->dilation_h, left, (count - 1) * p->stride_w + p->kernel_w, window + ky * pitch, p);
    }
}

HB_KERNEL void hb_depthwise_conv_2d_mve_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                             void *scratch)
{
    const int32_t columns = 2 * p->stride_w + p->kernel_w;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const int rows_inside = top >= 0 && top + (p->kernel_h - 1) * p->dilation_h < p->in_rows;
        for (int32_t x = at.x0; x < at.x1; x += 3) {
            const int32_t left = x * p->stride_w - p->pad_left, count = x + 3 <= at.x1 ? 3 : at.x1 - x;
            const int inside = rows_inside && count == 3 && left >= 0 && left + columns <= p->in_cols;
            const int8_t *window = (const int8_t *)in.data + hb_at(&in, top, left, p->in_channels);
            if (!inside) {
                hb_depthwise_conv_2d_mve_window(&in, top, left, count, scratch, p);
            }
            hb_depthwise_conv_2d_mve_pixels(
                inside ? window : scratch, inside ? p->dilation_h * in.cols * p->in_channels : columns * p->in_channels,
                (int8_t *)out.data + hb_at(&out, y, x, p->in_channels), count, p);
        }
    }
}

#endif
