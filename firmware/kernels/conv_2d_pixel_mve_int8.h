/* CONV_2D, int8, with Helium: the bytes that a pixel reads go over the weights of four output channels at a time.
 *
 * It takes a quarter of the working space of conv_2d_mve_int8.h, and reads weights four times as often. Where a pixel
 * reads one run of bytes (1x1), they are those of the input itself.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["mve"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 4", "short_requantization"]
 * scratch = "max(terms * (kernel_h * kernel_w > 1 or pad_top > 0 or pad_left > 0), 4)"
 * arrays = ["weights", "whole_bias", "multiplier", "shift"]
 * cycles = """
 *   60 + out_rows * out_cols
 *   * (30 + 30 * kernel_h + terms // 8 + (out_channels + 3) // 4 * (38 + 10 * ((terms + 15) // 16)))"""
 */
#ifndef HB_CONV_2D_PIXEL_MVE_INT8_H
#define HB_CONV_2D_PIXEL_MVE_INT8_H

#include "conv_2d_mve_int8.h"

/* All channels of one pixel. The last four may begin among those before them. */
HB_SHARED void hb_conv_2d_mve_pixel(const int8_t *bytes, int8_t *result, const hb_mve_layer *layer)
{
    const hb_mve_output output = layer->output;
    const int32_t terms = layer->terms;
    for (int32_t o = 0; o < layer->channels; o += 4) {
        const int32_t first = o + 4 <= layer->channels ? o : layer->channels - 4;
        const hb_four products = hb_mve_dots(bytes, layer->weights + first * terms, terms, terms, 0);
        const hb_four sums = hb_mve_add(products, hb_four_of(layer->bias + first));
        hb_mve_narrow(result + first, hb_mve_requantize_each(sums, hb_four_of(layer->multiplier + first),
                                                             hb_mve_widen(layer->shift + first), &output));
    }
}

HB_KERNEL void hb_conv_2d_pixel_mve_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                         void *scratch)
{
    const hb_mve_layer layer = hb_mve_layer_of(p);
    const int one = hb_conv_2d_mve_one(p);
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int8_t *bytes =
                (const int8_t *)in.data + hb_at(&in, y * p->stride_h, x * p->stride_w, p->in_channels);
            if (!one) {
                hb_conv_2d_mve_gather(&in, y, x, scratch, p);
                bytes = scratch;
            }
            hb_conv_2d_mve_pixel(bytes, (int8_t *)out.data + hb_at(&out, y, x, p->out_channels), &layer);
        }
    }
}

#endif
