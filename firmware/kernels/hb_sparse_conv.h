/* Sparse convolutions with SMLA and SMLAD: the pixels of a region in runs, and what they read. */
#ifndef HB_SPARSE_CONV_H
#define HB_SPARSE_CONV_H

#include "hb_conv.h"
#include "hb_sparse_pairs.h"

/* Bytes of a row of the window of output pixel (y, x): in the input, or copied to `row` where some are padding. */
HB_KERNEL const int8_t *hb_sparse_window_row(const hb_view *in, int32_t y, int32_t x, int32_t ky, int8_t *row,
                                             const hb_conv_int8_args *p)
{
    const int32_t in_y = y * p->stride_h - p->pad_top + ky * p->dilation_h, left = x * p->stride_w - p->pad_left;
    const int point = p->kernel_h == 1 && p->kernel_w == 1 && p->pad_top == 0 && p->pad_left == 0;
    const int inside = in_y >= 0 && in_y < p->in_rows;
    if (point || (inside && left >= 0 && left + p->kernel_w <= p->in_cols)) {
        return (const int8_t *)in->data + hb_at(in, in_y, left, p->in_channels);
    }
    memset(row, -p->input_offset, (size_t)(p->kernel_w * p->in_channels));
    if (inside) {
        const hb_span cols = hb_taps(left, 1, p->kernel_w, p->in_cols);
        memcpy(row + cols.first * p->in_channels,
               (const int8_t *)in->data + hb_at(in, in_y, left + cols.first, p->in_channels),
               (size_t)((cols.last - cols.first) * p->in_channels));
    }
    return row;
}

/* Pixel `i` of a region, row by row. */
typedef struct {
    int32_t y, x;
} hb_pixel;

HB_KERNEL hb_pixel hb_sparse_pixel(hb_region at, int32_t i)
{
    const int32_t cols = at.x1 - at.x0;
    return (hb_pixel){at.y0 + i / cols, at.x0 + i % cols};
}

HB_KERNEL hb_pixel hb_sparse_after(hb_region at, hb_pixel pixel)
{
    const int last = pixel.x + 1 == at.x1;
    return (hb_pixel){pixel.y + last, last ? at.x0 : pixel.x + 1};
}

/* Whether windows are single pixels that lie one after another as the outputs of a region do. */
HB_KERNEL int hb_sparse_points(const hb_view *in, hb_region at, const hb_conv_int8_args *p)
{
    const int point = p->kernel_h == 1 && p->kernel_w == 1 && p->pad_top == 0 && p->pad_left == 0;
    return point && p->stride_h == 1 && p->stride_w == 1 && (in->cols == at.x1 - at.x0 || at.y1 - at.y0 == 1);
}

/* Whether the outputs of a region lie one after another; if not, those of a row do. */
HB_KERNEL int hb_sparse_contiguous(const hb_view *out, hb_region at)
{
    return out->cols == at.x1 - at.x0;
}

/* What output pixels first to first + 7 of a region read, in words of two terms; pixels that are missing are the last
 * one over again. `row` has room for a row of the window. */
HB_KERNEL void hb_sparse_pairs_tile(const hb_view *in, hb_region at, int32_t first, int32_t pixels, int32_t words,
                                    uint32_t *tile, int8_t *row, const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels, pitch = (run + 3) / 4 * words * 8;
    if (hb_sparse_points(in, at, p) && first + 8 <= pixels) {
        const int8_t *terms = (const int8_t *)in->data + hb_at(in, at.y0, at.x0, run) + first * run;
        for (int32_t i = 0; i < 8; i++) {
            hb_spread_pairs(terms + i * run, run, p->staircase ? HB_STAIRCASE : HB_DOUBLED, words, tile + i);
        }
        return;
    }
    hb_pixel pixel = hb_sparse_pixel(at, first);
    for (int32_t i = 0; i < 8; i++) {
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {
            const int8_t *terms = hb_sparse_window_row(in, pixel.y, pixel.x, ky, row, p);
            hb_spread_pairs(terms, run, p->staircase ? HB_STAIRCASE : HB_DOUBLED, words, tile + ky * pitch + i);
        }
        pixel = first + i + 1 < pixels ? hb_sparse_after(at, pixel) : pixel;
    }
}

/* The pixels of a region whose outputs lie one after another. */
HB_KERNEL void hb_sparse_pairs_run(const hb_view *in, const hb_view *out, hb_region at, int32_t words,
                                   const uint8_t *stream, const hb_conv_int8_args *p, void *scratch)
{
    const int32_t fours = p->kernel_h * ((p->kernel_w * p->in_channels + 3) / 4);
    const int32_t pixels = (at.y1 - at.y0) * (at.x1 - at.x0);
    int8_t *const row = (int8_t *)scratch + 32 * words * fours;
    int8_t *const outputs = row + (p->kernel_w * p->in_channels + 3) / 4 * 4;
    int8_t *const result = (int8_t *)out->data + hb_at(out, at.y0, at.x0, p->out_channels);
    for (int32_t i = 0; i < pixels; i += 8) {
        /* A last tile of fewer than eight pixels begins early, and computes some of them once more. */
        const int32_t first = i + 8 <= pixels ? i : pixels < 8 ? 0 : pixels - 8;
        hb_sparse_pairs_tile(in, at, first, pixels, words, scratch, row, p);
        (p->staircase ? hb_pairs_8_staircase : hb_pairs_8_doubled)(
            scratch, stream, p->out_channels, p->out_channels, pixels < 8 ? outputs : result + first * p->out_channels);
    }
    if (pixels < 8) {
        memcpy(result, outputs, (size_t)(pixels * p->out_channels));
    }
}

/* The pixels of a region, with streams of `pairs` (words = 2) or `quads` (6). */
HB_KERNEL void hb_conv_2d_sparse_pairs(hb_view in, hb_view out, hb_region at, int32_t words, const int32_t *stream,
                                       const hb_conv_int8_args *p, void *scratch)
{
    const int whole = hb_sparse_contiguous(&out, at);
    for (int16_t y = at.y0; y < at.y1; y = whole ? at.y1 : (int16_t)(y + 1)) {
        const hb_region part = {y, whole ? at.y1 : (int16_t)(y + 1), at.x0, at.x1};
        hb_sparse_pairs_run(&in, &out, part, words, (const uint8_t *)stream, p, scratch);
    }
}

#endif
