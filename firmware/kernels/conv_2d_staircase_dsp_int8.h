/* CONV_2D, int8, with SMLAD, as conv_2d_dsp_int8.h does it, where outputs are requantized in two instructions.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 2", "short_requantization", "low == -128", "high == 127",
 *   "staircase"]
 * scratch = "4 * (tile_words * (tile_pixels + 2) + tile_pixels) + (kernel_w * in_channels + 3) // 4 * 4"
 * cycles = """
 *   280 + out_rows * out_cols * (40 * kernel_h + 0.8 * terms)
 *   + (out_rows * out_cols + tile_pixels - 1) // tile_pixels * out_channels * (38 + 2.9 * terms)
 *   + (out_rows * out_cols + 3) // 4 * out_channels * (36 + 8.7 * tile_words)"""
 * arrays = ["weights", "staircase_bias", "staircase_multiplier", "staircase_nudge"]
 */
#ifndef HB_CONV_2D_STAIRCASE_DSP_INT8_H
#define HB_CONV_2D_STAIRCASE_DSP_INT8_H

#include "conv_2d_dsp_int8.h"

HB_KERNEL void hb_conv_2d_staircase_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                             void *scratch)
{
    hb_conv_2d_dsp(in, out, at, p, scratch, 1);
}

#endif
