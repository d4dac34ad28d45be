/* CONV_2D, int8, with SMLAD: tiles of pixels are widened to 16 bits, then two output channels at a time go over a tile.
 *
 * A tile holds, for up to `tile_pixels` output pixels, everything that they read: for four pixels at a time a word of
 * each, then the next word of each. The weights of two channels are widened once per tile; words of weight 0 fill up to
 * `tile_words`.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 2", "short_requantization", "low == -128", "high == 127"]
 * scratch = "4 * (tile_words * (tile_pixels + 2) + tile_pixels) + (kernel_w * in_channels + 3) // 4 * 4"
 * cycles = """
 *   290 + out_rows * out_cols * (42 * kernel_h + terms)
 *   + (out_rows * out_cols + tile_pixels - 1) // tile_pixels * out_channels * (45 + 2.9 * terms)
 *   + (out_rows * out_cols + 3) // 4 * out_channels * (43 + 8.7 * tile_words)"""
 * arrays = ["weights", "bias", "multiplier", "shift"]
 */
#ifndef HB_CONV_2D_DSP_INT8_H
#define HB_CONV_2D_DSP_INT8_H

#include "hb_conv.h"
#include "hb_dsp.h"

/* What output pixel (y, x) reads, as words that lie four apart. `row` has room for the bytes of one row of the window.
 */
HB_KERNEL void hb_conv_2d_dsp_gather(const hb_view *in, int32_t y, int32_t x, uint32_t *wide, int8_t *row,
                                     const hb_conv_int8_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    const int whole = left >= 0 && left + p->kernel_w <= p->in_cols;
    for (int32_t ky = 0; ky < p->kernel_h; ky++, wide += 4 * HB_WIDE_WORDS(run)) {
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
        hb_widen_activations(input, run, p->input_offset, HB_DOUBLED, wide, 4);
    }
}

/* Rows of the window that end with a whole word are widened as one. */
HB_KERNEL void hb_conv_2d_dsp_weights(int32_t o, uint32_t *wide, const hb_conv_int8_args *p)
{
    const int32_t row = p->kernel_w * p->in_channels, rows = row % 4 == 0 ? 1 : p->kernel_h;
    const int32_t run = row % 4 == 0 ? p->kernel_h * row : row;
    for (int32_t c = 0; c < 2; c++) {
        for (int32_t i = 0; i < rows; i++) {
            const int8_t *weights = p->weights + ((o + c) * rows + i) * run;
            if (run < 48) {
                hb_widen_weights(weights, run, wide + 2 * i * HB_WIDE_WORDS(run) + c);
            } else {
                hb_widen_many_weights(weights, run, wide + 2 * i * HB_WIDE_WORDS(run) + c);
            }
        }
        for (int32_t word = rows * HB_WIDE_WORDS(run); word < p->tile_words; word++) {
            wide[2 * word + c] = 0;
        }
    }
}

HB_KERNEL void hb_conv_2d_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p, void *scratch)
{
    int8_t *row = scratch;
    uint32_t *tile = (uint32_t *)scratch + (p->kernel_w * p->in_channels + 3) / 4;
    int32_t *places = (int32_t *)tile + p->tile_words * p->tile_pixels;
    uint32_t *weights = (uint32_t *)places + p->tile_pixels;
    int32_t y = at.y0, x = at.x0;
    while (y < at.y1) {
        int32_t pixels = 0;
        /* A last block of fewer than four pixels is filled up with its last one. */
        for (; pixels < p->tile_pixels && (y < at.y1 || pixels % 4 != 0); pixels++) {
            const int32_t last = y >= at.y1;
            const int32_t from_y = last ? at.y1 - 1 : y, from_x = last ? at.x1 - 1 : x;
            uint32_t *wide = tile + pixels / 4 * 4 * p->tile_words + pixels % 4;
            hb_conv_2d_dsp_gather(&in, from_y, from_x, wide, row, p);
            places[pixels] = hb_at(&out, from_y, from_x, p->out_channels);
            if (!last && ++x == at.x1) {
                x = at.x0;
                y++;
            }
        }
        /* An odd last channel is computed together with the one before it, once more. */
        for (int32_t o = 0; o < p->out_channels; o += 2) {
            const int32_t c = o + 1 < p->out_channels ? o : o - 1;
            const hb_dsp_channel channel[2] = {
                hb_dsp_channel_of(p->bias[c], p->multiplier[c], p->shift[c], p->output_offset),
                hb_dsp_channel_of(p->bias[c + 1], p->multiplier[c + 1], p->shift[c + 1], p->output_offset)};
            hb_conv_2d_dsp_weights(c, weights, p);
            hb_dsp_pair(tile, pixels / 4, p->tile_words, weights, channel, places, (int8_t *)out.data + c);
        }
    }
}

#endif
