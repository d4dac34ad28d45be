/* DEPTHWISE_CONV_2D, int8, 3x3, with SMLAD, as depthwise_conv_2d_3x3_dsp_int8.h does it, where outputs are requantized
 * in two instructions.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "channel_multiplier == 1", "in_channels % 4 == 0", "in_channels < 2048",
 *   "kernel_h == 3", "kernel_w == 3", "dilation_h == 1", "dilation_w == 1", "stride_w <= 2",
 *   "plane_pitch * (stride_h + 2) < 2040",
 *   "short_requantization", "low == -128", "high == 127", "staircase",
 * ]
 * scratch = "8 * plane_pitch * ((band_rows - 1) * stride_h + 3)"
 * cycles = """
 *   in_channels * (
 *   54 * ((out_rows + band_rows - 1) // band_rows) + out_rows * (40 * (out_cols // 2) + 1.1 * (out_cols % 2))
 *   + (out_rows * stride_h + (out_rows + band_rows - 1) // band_rows * (3 - stride_h))
 *     * (45 + 4.7 * (out_cols + 1) * stride_w))"""
 * arrays = ["weights", "staircase_bias", "staircase_multiplier", "staircase_nudge"]
 */
#ifndef HB_DEPTHWISE_CONV_2D_3X3_STAIRCASE_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_3X3_STAIRCASE_DSP_INT8_H

#include "depthwise_conv_2d_3x3_dsp_int8.h"

HB_KERNEL void hb_depthwise_conv_2d_3x3_staircase_dsp_int8(hb_view in, hb_view out, hb_region at,
                                                           const hb_conv_int8_args *p, void *scratch)
{
    hb_dw3(in, out, at, p, scratch, 1);
}

#endif
