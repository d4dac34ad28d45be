/* DEPTHWISE_CONV_2D, int8, 3x3, with SMLAD, as depthwise_conv_2d_3x3_dsp_int8.h does it, where outputs are requantized
 * in two instructions.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "channel_multiplier == 1", "in_channels >= 4", "kernel_h == 3", "kernel_w == 3",
 *   "dilation_h == 1", "dilation_w == 1", "stride_h == stride_w", "stride_w <= 2",
 *   "short_requantization", "low == -128", "high == 127", "staircase",
 * ]
 * scratch = "64 * sweep_columns + 4 * sweep_pairs"
 * cycles = """
 *   in_channels * (123 + sweep_pairs * (37 + 3.67 * sweep_columns) + sweep_doubles * (43 + 29.9 * sweep_along)
 *   + sweep_singles * (31 + 85 * (sweep_along // 4) + 31 * (sweep_along % 4)))"""
 * arrays = ["sweep_staircase"]
 * in_place = true
 */
#ifndef HB_DEPTHWISE_CONV_2D_3X3_STAIRCASE_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_3X3_STAIRCASE_DSP_INT8_H

#include "depthwise_conv_2d_3x3_dsp_int8.h"

HB_SHARED void hb_dw3_staircase(const hb_sweep *s)
{
    hb_dw3(s, HB_DW3_DEPTH, 1);
}

HB_KERNEL void hb_depthwise_conv_2d_3x3_staircase_dsp_int8(hb_view in, hb_view out, hb_region at,
                                                           const hb_conv_int8_args *p, void *scratch)
{
    const hb_sweep s = hb_sweep_of(in, out, at, p, p->sweep_staircase, scratch);
    hb_dw3_staircase(&s);
}

#endif
