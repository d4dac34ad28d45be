/* CONV_2D, int8, with SMLAD, as conv_2d_pixels_dsp_int8.h does it, where outputs are requantized in two instructions.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 2", "short_requantization", "low == -128", "high == 127",
 *   "packed_fits", "packed_staircase"]
 * scratch = "pixels_collected * 4 * packed_quads * min(out_rows * out_cols, 3)"
 * cycles = """
 *   out_rows * (53 + (out_cols + 2) // 3 * (132 + 53 * pixels_collected) + out_cols * kernel_h * 20 * pixels_collected
 *     + (out_cols % 3 == 1) * ((out_channels + 3) // 4) * (70 + 25.9 * packed_quads)
 *     + (out_cols % 3 == 2) * ((out_channels + 1) // 2) * (58 + 22.3 * packed_quads)
 *     + out_cols // 3 * ((out_channels + 1) // 2) * (65 + 31 * packed_quads)
 *     + (1 - pixels_collected) * (kernel_h - 1) * (21 + (out_cols + 1) // 3 * ((out_channels + 1) // 2) * 17))"""
 * arrays = ["pixels_staircase", "pixels_padding"]
 * turns = true
 */
#ifndef HB_CONV_2D_PIXELS_STAIRCASE_DSP_INT8_H
#define HB_CONV_2D_PIXELS_STAIRCASE_DSP_INT8_H

#include "conv_2d_pixels_dsp_int8.h"

HB_KERNEL void hb_conv_2d_pixels_staircase_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                    void *scratch)
{
    hb_conv_2d_pixels(&in, &out, at, p, scratch, 1);
}

#endif
