/* DEPTHWISE_CONV_2D, int8, 3x3 windows a column apart, with SMLAD, straight from the input, without working space: two
 * channels of four pixels of a row at a time; what is left, and pixels at an edge, one by one, four channels at a time.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "channel_multiplier == 1", "in_channels >= 4", "kernel_h == 3", "kernel_w == 3", "stride_w == dilation_w",
 *   "short_requantization",
 * ]
 * cycles = """
 *   185 * out_rows + inner_rows * (inner_cols // 4) * (53 + (107 + 10 * (1 - staircase)) * in_channels)
 *   + (out_rows * out_cols - 4 * inner_rows * (inner_cols // 4))
 *   * (27 + (160 + 17 * (1 - staircase)) * ((in_channels + 3) // 4))
 *   + 300 * (out_rows * out_cols - inner_rows * inner_cols)"""
 * arrays = ["pixel_records", "pixel_pair_records", "pixel_padding"]
 * flash = "(24 + 4 * (1 - staircase)) * in_channels"
 * turns = true
 */
#ifndef HB_DEPTHWISE_CONV_2D_3X3_PIXELS_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_3X3_PIXELS_DSP_INT8_H

#include "hb_dwx.h"

/* One copy of each serves all steps, for either requantization. */
#define HB_DWX_SHARED(name, staircase)                                                                                 \
    HB_SHARED void hb_dwx_four_##name(const hb_dwp_run *r)                                                             \
    {                                                                                                                  \
        hb_dwx_four(r, staircase);                                                                                     \
    }                                                                                                                  \
    HB_SHARED void hb_dwx_row_##name(const hb_dwp_run *r)                                                              \
    {                                                                                                                  \
        hb_dwx_row(r, hb_dwx_four_##name, hb_dwp_pixels_nine_##name);                                                  \
    }
HB_DWX_SHARED(staircase, 1)
HB_DWX_SHARED(doubled, 0)
#undef HB_DWX_SHARED

HB_KERNEL void hb_depthwise_conv_2d_3x3_pixels_dsp_int8(hb_view in, hb_view out, hb_region at,
                                                        const hb_conv_int8_args *p)
{
    if (p->staircase) {
        hb_dwp_region(&in, &out, at, p, hb_dwx_row_staircase, hb_dwp_edge_nine_staircase);
    } else {
        hb_dwp_region(&in, &out, at, p, hb_dwx_row_doubled, hb_dwp_edge_nine_doubled);
    }
}

#endif
