/* DEPTHWISE_CONV_2D, int8, any window, with SMLAD: four channels of a pixel at a time, straight from the input, without
 * working space. What a pixel costs hardly depends on how many there are: for pieces, and for small maps.
 *
 * Two taps of four channels are two words of the input; halfwords of both make the pairs that SMLAD multiplies. Weights
 * lie in flash in the order in which they are read, two channels of two taps a word, and what four channels need for
 * their outputs follows them.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["channel_multiplier == 1", "in_channels >= 4", "kernel_h * kernel_w <= 64", "short_requantization"]
 * cycles = """
 *   155 * out_rows + out_rows * out_cols * (4 + (in_channels + 3) // 4
 *   * ((159 if kernel_h == kernel_w == 3 else 60 + 15.2 * kernel_h * kernel_w) + 17 * (1 - staircase)))
 *   + 340 * (out_rows * out_cols - inner_rows * inner_cols)"""
 * arrays = ["pixel_records", "pixel_padding"]
 * turns = true
 */
#ifndef HB_DEPTHWISE_CONV_2D_PIXEL_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_PIXEL_DSP_INT8_H

#include "hb_dwp.h"

HB_KERNEL void hb_depthwise_conv_2d_pixel_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p)
{
    const int nine = p->kernel_h == 3 && p->kernel_w == 3;
    if (nine && p->staircase) {
        hb_dwp_region(&in, &out, at, p, hb_dwp_pixels_nine_staircase, hb_dwp_edge_nine_staircase);
    } else if (nine) {
        hb_dwp_region(&in, &out, at, p, hb_dwp_pixels_nine_doubled, hb_dwp_edge_nine_doubled);
    } else if (p->staircase) {
        hb_dwp_region(&in, &out, at, p, hb_dwp_pixels_any_staircase, hb_dwp_edge_any_staircase);
    } else {
        hb_dwp_region(&in, &out, at, p, hb_dwp_pixels_any_doubled, hb_dwp_edge_any_doubled);
    }
}

#endif
