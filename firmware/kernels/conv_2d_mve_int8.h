/* CONV_2D, int8, with Helium: the bytes that four pixels read lie in rows, and every output channel's weights go over
 * all four.
 *
 * Where a pixel reads one run of bytes (1x1), the rows are those of the input itself as long as they lie evenly.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["mve"]
 * when = ["groups == 1", "dilation_w == 1", "short_requantization"]
 * scratch = "4 * terms"
 * arrays = ["weights", "whole_bias", "multiplier", "shift"]
 * cycles = """
 *   60 + (out_rows * out_cols + 3) // 4
 *   * (100 + 80 * kernel_h + terms + out_channels * (34 + 10 * ((terms + 15) // 16)))"""
 */
#ifndef HB_CONV_2D_MVE_INT8_H
#define HB_CONV_2D_MVE_INT8_H

#include "hb_conv.h"
#include "hb_mve.h"

/* The bytes that output pixel (y, x) reads; where padding is, those that stand for zero. */
HB_KERNEL void hb_conv_2d_mve_gather(const hb_view *in, int32_t y, int32_t x, int8_t *row, const hb_conv_int8_args *p)
{
    const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        hb_mve_row(in, top + ky * p->dilation_h, left, p->kernel_w, row + ky * p->kernel_w * p->in_channels, p);
    }
}

/* Weights of all channels, and how their sums become outputs. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t channels, terms;
    hb_mve_output output;
} hb_mve_layer;

HB_KERNEL hb_mve_layer hb_mve_layer_of(const hb_conv_int8_args *p)
{
    const hb_mve_output output = {p->output_offset, p->low, p->high};
    return (hb_mve_layer){p->weights, p->whole_bias, p->multiplier, p->shift, p->out_channels, p->terms, output};
}

/* Whether a pixel reads one run of bytes, which is always there. */
HB_KERNEL int hb_conv_2d_mve_one(const hb_conv_int8_args *p)
{
    return p->kernel_h == 1 && p->kernel_w == 1 && p->pad_top == 0 && p->pad_left == 0;
}

/* All channels of four pixels: their bytes are in rows, their outputs at `to` and `places` further on. */
HB_SHARED void hb_conv_2d_mve_pixels(const int8_t *rows, int32_t pitch, int8_t *to, const int32_t places[4],
                                     const hb_mve_layer *layer)
{
    const hb_mve_output output = layer->output;
    const hb_four at = hb_four_of(places);
    const int8_t *weights = layer->weights;
    for (int32_t o = 0; o < layer->channels; o++, weights += layer->terms) {
        const hb_four sums = hb_mve_dots(weights, rows, pitch, layer->terms, layer->bias[o]);
        hb_mve_scatter(to + o, at, hb_mve_requantize(sums, layer->multiplier[o], layer->shift[o], &output));
    }
}

HB_KERNEL void hb_conv_2d_mve_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p, void *scratch)
{
    const hb_mve_layer layer = hb_mve_layer_of(p);
    const int one = hb_conv_2d_mve_one(p);
    int32_t y = at.y0, x = at.x0;
    while (y < at.y1) {
        int32_t places[4];
        const int direct = one && x + 4 <= at.x1;
        const int8_t *const first =
            (const int8_t *)in.data + hb_at(&in, y * p->stride_h, x * p->stride_w, p->in_channels);
        /* A last block of fewer than four pixels is filled up with its last one. */
        for (int32_t i = 0; i < 4; i++) {
            const int32_t last = y >= at.y1;
            const int32_t from_y = last ? at.y1 - 1 : y, from_x = last ? at.x1 - 1 : x;
            if (!direct) {
                hb_conv_2d_mve_gather(&in, from_y, from_x, (int8_t *)scratch + i * p->terms, p);
            }
            places[i] = hb_at(&out, from_y, from_x, p->out_channels);
            if (!last && ++x == at.x1) {
                x = at.x0;
                y++;
            }
        }
        hb_conv_2d_mve_pixels(direct ? first : scratch, direct ? p->stride_w * p->in_channels : p->terms, out.data,
                              places, &layer);
    }
}

#endif
