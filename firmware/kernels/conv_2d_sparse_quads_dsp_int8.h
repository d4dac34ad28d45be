/* CONV_2D, int8, sparse weights, with SMLAD: eight pixels at a time, two weights multiplied at once.
 *
 * An entry has the weights of any two of four adjacent channels: N:M of four needs few entries. A tile holds words of
 * two terms of each of eight output pixels, all six of every four terms.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "sparse"
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "short_requantization", "low == -128", "high == 127", "terms <= 1024",
 *   "sparse_fits"]
 * scratch = """
 *   192 * kernel_h * ((kernel_w * in_channels + 3) // 4) + 8 * out_channels +
 *   (max(8 * kernel_w, 7 * stride_w + kernel_w) * in_channels + 3) // 4 * 4
 *   """
 * cycles = """
 *   (out_rows * out_cols + 7) // 8
 *   * (11 + 120 * kernel_h * (kernel_h * kernel_w > 1) + 31.9 * terms + 24.5 * quads_entries
 *     + (86.7 - 25.8 * packed_staircase) * used_channels + 17.4 * (out_channels - used_channels))
 *   + (out_rows * out_cols < 8) * 228 * kernel_h"""
 * arrays = ["sparse_quads"]
 */
#ifndef HB_CONV_2D_SPARSE_QUADS_DSP_INT8_H
#define HB_CONV_2D_SPARSE_QUADS_DSP_INT8_H

#include "hb_sparse_conv.h"

HB_KERNEL void hb_conv_2d_sparse_quads_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                void *scratch)
{
    hb_conv_2d_sparse_pairs(in, out, at, 6, p->sparse_quads, p, scratch);
}

#endif
