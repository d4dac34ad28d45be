/* CONV_2D, int8, sparse weights, with SMLAL: eight pixels at a time, every weight that is not zero multiplied with all
 * of them.
 *
 * A tile holds for each term of the sums (kernel row, kernel column, channel) eight output pixels; a rest of one or two
 * pixels is computed pixel by pixel.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "sparse"
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "short_requantization", "low == -128", "high == 127", "terms <= 1024",
 *   "sparse_fits"]
 * scratch = "16 * terms + (max(8 * kernel_w, 7 * stride_w + kernel_w) * in_channels + 3) // 4 * 4"
 * cycles = """
 *   (out_rows * out_cols >= 8) * ((out_rows * out_cols + 5) // 8)
 *   * (54 + 106 * kernel_h * (kernel_h * kernel_w > 1) + 17.6 * terms + 14 * nonzeros
 *     + (102.3 - 27.2 * packed_staircase) * used_channels + 21.6 * (out_channels - used_channels))
 *   + (out_rows * out_cols if out_rows * out_cols < 8 else out_rows * out_cols % 8 * (out_rows * out_cols % 8 < 3))
 *   * (62 + 31 * out_channels + 7.5 * nonzeros)"""
 * arrays = ["sparse_singles"]
 */
#ifndef HB_CONV_2D_SPARSE_DSP_INT8_H
#define HB_CONV_2D_SPARSE_DSP_INT8_H

#include "hb_sparse_conv.h"

/* One output pixel by itself: what it reads is gathered at `window` unless it lies there one after another. */
HB_KERNEL void hb_sparse_singles_pixel(const hb_view *in, hb_region at, int32_t i, int8_t *window, int8_t *out,
                                       const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    const int8_t *pixel = window;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int8_t *const row = hb_sparse_window_row(in, at, i, ky, window + ky * run, p);
        if (p->kernel_h == 1) {
            pixel = row;
        } else if (row != window + ky * run) {
            memcpy(window + ky * run, row, (size_t)run);
        }
    }
    (p->staircase ? hb_singles_1_staircase : hb_singles_1_shifted)(pixel, (const uint8_t *)p->sparse_singles, out);
}

/* All pixels of a region whose outputs lie one after another. */
HB_KERNEL void hb_sparse_singles_run(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                                     void *scratch)
{
    const int32_t pixels = (at.y1 - at.y0) * (at.x1 - at.x0);
    int8_t *const rows = (int8_t *)scratch + 16 * p->terms;
    int8_t *const result = (int8_t *)out->data + hb_at(out, at.y0, at.x0, p->out_channels);
    for (int32_t i = 0; i < pixels;) {
        if (pixels < 8 || pixels - i < 3) {
            hb_sparse_singles_pixel(in, at, i, scratch, result + i * p->out_channels, p);
            i++;
            continue;
        }
        /* A last tile of fewer than eight pixels begins early, and computes some of them once more. */
        const int32_t first = i + 8 <= pixels ? i : pixels - 8;
        hb_sparse_tile(in, at, first, pixels, scratch, rows, p, 0);
        (p->staircase ? hb_singles_8_staircase : hb_singles_8_shifted)(
            scratch, (const uint8_t *)p->sparse_singles, p->out_channels, result + first * p->out_channels);
        i = first + 8;
    }
}

HB_KERNEL void hb_conv_2d_sparse_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                          void *scratch)
{
    const int whole = hb_sparse_contiguous(&out, at);
    for (int16_t y = at.y0; y < at.y1; y = whole ? at.y1 : (int16_t)(y + 1)) {
        const hb_region part = {y, whole ? at.y1 : (int16_t)(y + 1), at.x0, at.x1};
        hb_sparse_singles_run(&in, &out, part, p, scratch);
    }
}

#endif
