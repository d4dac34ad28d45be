/* CONV_2D, int8, in instructions that every core has: three pixels are widened, then channels go over them in pairs.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["thumb"]
 * when = ["groups == 1", "dilation_w == 1"]
 * scratch = "12 * tile_words + kernel_w * in_channels"
 * arrays = ["pair_weights", "pair_bias", "multiplier", "shift"]
 * cycles = """
 *   (out_rows * out_cols + 2) // 3
 *   * ((out_channels + 1) // 2 * (230 + 34 * tile_words) + 8 * terms + 150 * kernel_h)"""
 */
#ifndef HB_CONV_2D_THUMB_INT8_H
#define HB_CONV_2D_THUMB_INT8_H

#include "hb_conv.h"
#include "hb_thumb.h"

/* What output pixel (y, x) reads, as words of a tile. `row` has room for the bytes of one row of the window. */
HB_KERNEL void hb_conv_2d_thumb_gather(const hb_view *in, int32_t y, int32_t x, uint32_t *tile, int8_t *row,
                                       const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    const int whole = left >= 0 && left + p->kernel_w <= p->in_cols;
    uint32_t *const end = tile + 3 * p->tile_words;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t in_y = top + ky * p->dilation_h;
        const int8_t *input = row;
        if (whole && in_y >= 0 && in_y < p->in_rows) {
            input = (const int8_t *)in->data + hb_at(in, in_y, left, p->in_channels);
        } else {
            memset(row, -p->input_offset, (size_t)run);
            if (in_y >= 0 && in_y < p->in_rows) {
                const hb_span cols = hb_taps(left, 1, p->kernel_w, p->in_cols);
                memcpy(row + cols.first * p->in_channels,
                       (const int8_t *)in->data + hb_at(in, in_y, left + cols.first, p->in_channels),
                       (size_t)((cols.last - cols.first) * p->in_channels));
            }
        }
        tile = hb_block_widen(input, run, tile);
    }
    for (; tile < end; tile += 3) {
        *tile = 0;
    }
}

/* All channels of three pixels, which are stored at `result`. */
HB_SHARED void hb_conv_2d_thumb_pixels(const uint32_t *tile, int8_t *const result[3], const hb_conv_int8_args *p)
{
    const int8_t *weights = p->pair_weights;
    for (int32_t o = 0; o < p->out_channels; o += 2, weights += 4 * p->tile_words) {
        int32_t sums[2][3];
        hb_block_sums(tile, p->tile_words, weights, p->pair_bias + o, sums);
        for (int32_t c = 0; c < 2 && o + c < p->out_channels; c++) {
            for (int32_t i = 0; i < 3; i++) {
                result[i][o + c] = hb_requantize_int8((uint32_t)sums[c][i], p->multiplier[o + c], p->shift[o + c],
                                                      p->output_offset, p->low, p->high);
            }
        }
    }
}

/* Three pixels at a time; a last block of fewer is filled up with its last one. `two_products` says which way channels
 * are requantized. */
HB_KERNEL void hb_conv_2d_thumb(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p, void *scratch,
                                int two_products)
{
    uint32_t *const tile = scratch;
    int8_t *const row = (int8_t *)(tile + 3 * p->tile_words);
    const hb_block_weights pairs = {p->pair_weights, (const hb_pair_channels *)p->pair_channels, p->tile_words,
                                    p->out_channels / 2};
    int32_t y = at.y0, x = at.x0;
    while (y < at.y1) {
        int8_t *result[3];
        for (int32_t i = 0; i < 3; i++) {
            const int32_t last = y >= at.y1;
            const int32_t from_y = last ? at.y1 - 1 : y, from_x = last ? at.x1 - 1 : x;
            hb_conv_2d_thumb_gather(&in, from_y, from_x, tile + i, row, p);
            result[i] = (int8_t *)out.data + hb_at(&out, from_y, from_x, p->out_channels);
            if (!last && ++x == at.x1) {
                x = at.x0;
                y++;
            }
        }
        if (two_products) {
            hb_block_outputs(tile, result, &pairs);
        } else {
            hb_conv_2d_thumb_pixels(tile, result, p);
        }
    }
}

HB_KERNEL void hb_conv_2d_thumb_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p, void *scratch)
{
    hb_conv_2d_thumb(in, out, at, p, scratch, 0);
}

#endif
