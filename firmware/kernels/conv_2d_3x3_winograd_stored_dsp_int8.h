/* CONV_2D, int8, 3x3, stride 1, as conv_2d_3x3_winograd_dsp_int8.h does it, with weights that lie transformed in flash.
 *
 * They take eight times the bytes that they had, which is why there is a limit; they are read for each block of four
 * tiles, and the kernel needs little scratch.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "groups == 1", "kernel_h == 3", "kernel_w == 3", "stride_h == 1", "stride_w == 1", "dilation_h == 1",
 *   "dilation_w == 1", "in_channels % 4 == 0", "short_requantization", "winograd_fits", "low == -128", "high == 127",
 *   "in_channels * out_channels <= 1024",
 * ]
 * scratch = "576 * ((in_channels + 15) // 16 * 8) + max(1152, 36 * in_channels) + 40"
 * cycles = """
 *   (out_rows + 3) // 4 * ((out_cols + 3) // 4) * (300 + 255 * in_channels + 310 * out_channels)
 *   + ((out_rows + 3) // 4 * ((out_cols + 3) // 4) + 3) // 4 * ((out_channels + 1) // 2)
 *   * (800 + 5650 * ((in_channels + 15) // 16))
 * """
 * arrays = ["winograd_weights", "winograd_channels"]
 * flash = "63 * in_channels * out_channels"
 */
#ifndef HB_CONV_2D_3X3_WINOGRAD_STORED_DSP_INT8_H
#define HB_CONV_2D_3X3_WINOGRAD_STORED_DSP_INT8_H

#include "conv_2d_3x3_winograd_dsp_int8.h"

HB_KERNEL void hb_conv_2d_3x3_winograd_stored_dsp_int8(hb_view in, hb_view out, hb_region at,
                                                       const hb_conv_int8_args *p, void *scratch)
{
    hb_conv_2d_3x3_winograd(in, out, at, p, scratch, 1);
}

#endif
