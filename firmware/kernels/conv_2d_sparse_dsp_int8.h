/* CONV_2D, int8, sparse weights, with SMLA: eight pixels at a time, every weight that is not zero multiplied with all
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
 * when = ["groups == 1", "dilation_w == 1", "short_requantization", "low == -128", "high == 127", "terms <= 1024"]
 * scratch = "16 * terms + 2 * ((kernel_w * in_channels + 3) // 4 * 4)"
 * cycles = """
 *   (out_rows * out_cols >= 8) * ((out_rows * out_cols + 5) // 8)
 *   * (47 + 327 * kernel_h + 20.7 * terms + 53.1 * out_channels + 19.6 * nonzeros)
 *   + (out_rows * out_cols if out_rows * out_cols < 8 else out_rows * out_cols % 8 * (out_rows * out_cols % 8 < 3))
 *   * (153 + 26.5 * out_channels + 7.9 * nonzeros)"""
 * arrays = ["sparse_singles"]
 */
#ifndef HB_CONV_2D_SPARSE_DSP_INT8_H
#define HB_CONV_2D_SPARSE_DSP_INT8_H

#include "hb_sparse_conv.h"

/* What output pixels first to first + 7 read. `rows` has room for a row of the window of two of them. */
HB_KERNEL void hb_sparse_singles_tile(const hb_view *in, hb_region at, int32_t first, uint32_t *tile, int8_t *rows,
                                      const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    if (hb_sparse_points(in, at, p)) {
        const int8_t *terms = (const int8_t *)in->data + hb_at(in, at.y0, at.x0, run) + first * run;
        for (int32_t pair = 0; pair < 4; pair++, terms += 2 * run) {
            hb_spread_singles(terms, terms + run, run, p->staircase ? HB_STAIRCASE : HB_DOUBLED, tile + pair);
        }
        return;
    }
    hb_pixel next = hb_sparse_pixel(at, first);
    for (int32_t pair = 0; pair < 4; pair++) {
        const hb_pixel a = next, b = hb_sparse_after(at, a);
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {
            const int8_t *left = hb_sparse_window_row(in, a.y, a.x, ky, rows, p);
            const int8_t *right = hb_sparse_window_row(in, b.y, b.x, ky, rows + (run + 3) / 4 * 4, p);
            hb_spread_singles(left, right, run, p->staircase ? HB_STAIRCASE : HB_DOUBLED, tile + 4 * ky * run + pair);
        }
        next = hb_sparse_after(at, b);
    }
}

/* One output pixel by itself: the bytes that it reads are gathered at `window`. */
HB_KERNEL void hb_sparse_singles_pixel(const hb_view *in, hb_region at, int32_t i, uint8_t *window, int8_t *out,
                                       const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    const hb_pixel pixel = hb_sparse_pixel(at, i);
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int8_t *row = hb_sparse_window_row(in, pixel.y, pixel.x, ky, (int8_t *)window + ky * run, p);
        hb_flip_bytes(row, run, window + ky * run);
    }
    (p->staircase ? hb_singles_1_staircase : hb_singles_1_doubled)(window, (const uint8_t *)p->sparse_singles,
                                                                   p->out_channels, out);
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
        hb_sparse_singles_tile(in, at, first, scratch, rows, p);
        (p->staircase ? hb_singles_8_staircase : hb_singles_8_doubled)(scratch, (const uint8_t *)p->sparse_singles,
                                                                       p->out_channels, p->out_channels,
                                                                       result + first * p->out_channels);
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
