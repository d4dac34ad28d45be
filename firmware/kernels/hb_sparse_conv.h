/* Sparse convolutions with SMLAL and SMLAD: what eight output pixels read becomes a tile. */
#ifndef HB_SPARSE_CONV_H
#define HB_SPARSE_CONV_H

#include "hb_conv.h"
#include "hb_sparse_pairs.h"
#include "hb_sparse_singles.h"

/* `cols` input pixels of row `row` from column `left` on: where they lie, or copied to `copy` where some are padding. */
HB_KERNEL const int8_t *hb_sparse_strip(const hb_view *in, int32_t row, int32_t left, int32_t cols, int8_t *copy,
                                        const hb_conv_int8_args *p)
{
    const int inside = row >= 0 && row < p->in_rows;
    if (inside && left >= 0 && left + cols <= p->in_cols) {
        return (const int8_t *)in->data + hb_at(in, row, left, p->in_channels);
    }
    memset(copy, -p->input_offset, (size_t)(cols * p->in_channels));
    const hb_span real = hb_taps(left, 1, cols, p->in_cols);
    if (inside && real.first < real.last) {
        memcpy(copy + real.first * p->in_channels,
               (const int8_t *)in->data + hb_at(in, row, left + real.first, p->in_channels),
               (size_t)((real.last - real.first) * p->in_channels));
    }
    return copy;
}

/* Output pixel `i` of a region, row by row, and the first row and column of the input that it reads. */
typedef struct {
    int32_t x, top, left;
} hb_sparse_corner;

HB_KERNEL hb_sparse_corner hb_sparse_corner_of(hb_region at, int32_t i, const hb_conv_int8_args *p)
{
    const int32_t cols = at.x1 - at.x0, y = at.y0 + i / cols, x = at.x0 + i % cols;
    return (hb_sparse_corner){x, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left};
}

HB_KERNEL const int8_t *hb_sparse_window_row(const hb_view *in, hb_region at, int32_t i, int32_t ky, int8_t *copy,
                                             const hb_conv_int8_args *p)
{
    const hb_sparse_corner corner = hb_sparse_corner_of(at, i, p);
    return hb_sparse_strip(in, corner.top + ky * p->dilation_h, corner.left, p->kernel_w, copy, p);
}

/* Whether windows are single pixels that lie one after another as the outputs of a region do. */
HB_KERNEL int hb_sparse_points(const hb_view *in, hb_region at, const hb_conv_int8_args *p)
{
    const int point = p->kernel_h == 1 && p->kernel_w == 1 && p->pad_top == 0 && p->pad_left == 0;
    return point && p->stride_h == 1 && p->stride_w == 1 && (in->cols == at.x1 - at.x0 || at.y1 - at.y0 == 1);
}

HB_KERNEL void hb_sparse_spread(const int8_t *input, int32_t pitch, int32_t count, uint32_t *tile, int32_t words)
{
    if (words > 0) {
        hb_spread_pairs(input, pitch, count, words, tile);
    } else {
        hb_spread_singles(input, pitch, count, tile);
    }
}

/* What eight output pixels of a region from `first` on read, of which there are `pixels`; those that are missing are
 * the last one over again. `rows` has room for what eight pixels read in a row of their windows. Four terms make 2 `words`
 * for pairs, 6 for quads; 0 stands for singles. */
HB_KERNEL void hb_sparse_tile(const hb_view *in, hb_region at, int32_t first, int32_t pixels, uint32_t *tile,
                              int8_t *rows, const hb_conv_int8_args *p, int32_t words)
{
    const int32_t run = p->kernel_w * p->in_channels, row_words = words > 0 ? (run + 3) / 4 * words * 8 : 4 * run;
    const hb_sparse_corner corner = hb_sparse_corner_of(at, first, p);
    if (first + 8 <= pixels && hb_sparse_points(in, at, p)) {
        hb_sparse_spread((const int8_t *)in->data + hb_at(in, at.y0, at.x0, run) + first * run, run, run, tile, words);
        return;
    }
    for (int32_t ky = 0; ky < p->kernel_h; ky++, tile += row_words) {
        if (corner.x + 8 <= at.x1) {
            const int8_t *strip = hb_sparse_strip(in, corner.top + ky * p->dilation_h, corner.left,
                                                  7 * p->stride_w + p->kernel_w, rows, p);
            hb_sparse_spread(strip, p->stride_w * p->in_channels, run, tile, words);
            continue;
        }
        for (int32_t i = 0; i < 8; i++) {
            int8_t *const copy = rows + i * run;
            const int32_t pixel = first + i < pixels ? first + i : pixels - 1;
            const int8_t *const row = hb_sparse_window_row(in, at, pixel, ky, copy, p);
            if (row != copy) {
                memcpy(copy, row, (size_t)run);
            }
        }
        hb_sparse_spread(rows, run, run, tile, words);
    }
}

/* Whether the outputs of a region lie one after another; if not, those of a row do. */
HB_KERNEL int hb_sparse_contiguous(const hb_view *out, hb_region at)
{
    return out->cols == at.x1 - at.x0;
}

/* The pixels of a region whose outputs lie one after another. */
HB_KERNEL void hb_sparse_pairs_run(const hb_view *in, const hb_view *out, hb_region at, int32_t words,
                                   const int32_t *stream, const hb_conv_int8_args *p, void *scratch)
{
    const int32_t pixels = (at.y1 - at.y0) * (at.x1 - at.x0);
    const int32_t fours = p->kernel_h * ((p->kernel_w * p->in_channels + 3) / 4);
    int8_t *const outputs = (int8_t *)scratch + 32 * words * fours;
    int8_t *const rows = outputs + 8 * p->out_channels;
    int8_t *const result = (int8_t *)out->data + hb_at(out, at.y0, at.x0, p->out_channels);
    for (int32_t i = 0; i < pixels; i += 8) {
        /* A last tile of fewer than eight pixels begins early, and computes some of them once more. */
        const int32_t first = i + 8 <= pixels ? i : pixels < 8 ? 0 : pixels - 8;
        hb_sparse_tile(in, at, first, pixels, scratch, rows, p, words);
        (p->staircase ? hb_pairs_8_staircase : hb_pairs_8_shifted)(
            scratch, (const uint8_t *)stream, p->out_channels, pixels < 8 ? outputs : result + first * p->out_channels);
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
        hb_sparse_pairs_run(&in, &out, part, words, stream, p, scratch);
    }
}

#endif
