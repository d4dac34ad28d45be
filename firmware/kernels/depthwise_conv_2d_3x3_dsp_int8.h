/* DEPTHWISE_CONV_2D, int8, 3x3, stride 1 or 2, with SMLAD: the sweeps of hb_dw3.h, over four
 * pairs of rows at a time, so that a channel is set up for up to six rows of outputs.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "channel_multiplier == 1", "in_channels >= 4", "kernel_h == 3", "kernel_w == 3",
 *   "dilation_h == 1", "dilation_w == 1", "stride_h == stride_w", "stride_w <= 2",
 *   "short_requantization", "low == -128", "high == 127",
 *   "sweep_pairs > 2",
 * ]
 * scratch = "64 * sweep_columns + 4 * sweep_pairs"
 * cycles = """
 *   in_channels * (115 * ((sweep_pairs + 1) // 3) + sweep_pairs * (22 + 3.8 * sweep_columns)
 *   + sweep_twins * (25 + (35 - 6.2 * staircase) * sweep_along)
 *   + sweep_singles * (25 + (72 + 7 * stride_h - 10 * staircase) * (sweep_along // 4)
 *   + (32 - 4 * staircase) * (sweep_along % 4)))"""
 * arrays = ["sweep_records"]
 * in_place = true
 */
#ifndef HB_DEPTHWISE_CONV_2D_3X3_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_3X3_DSP_INT8_H

#include "hb_dw3.h"

HB_SHARED void hb_dw3_four_pairs_doubled(const hb_sweep *s)
{
    hb_dw3(s, 4, 0);
}

HB_SHARED void hb_dw3_four_pairs_staircase(const hb_sweep *s)
{
    hb_dw3(s, 4, 1);
}

HB_KERNEL void hb_depthwise_conv_2d_3x3_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                 void *scratch)
{
    const hb_sweep s = hb_sweep_of(in, out, at, p, scratch);
    if (p->staircase) {
        hb_dw3_four_pairs_staircase(&s);
    } else {
        hb_dw3_four_pairs_doubled(&s);
    }
}

#endif
