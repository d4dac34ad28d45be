/* CONV_2D, int8, sparse weights, with SMLAD: eight pixels at a time, two weights multiplied at once.
 *
 * An entry has the weights of two adjacent channels: a block of 1x2, or half of one of 1x4, is one entry.
 * A tile holds words of two terms of each of eight output pixels.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "sparse"
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "short_requantization", "low == -128", "high == 127", "terms <= 1024",
 *   "sparse_fits"]
 * scratch = """
 *   64 * kernel_h * ((kernel_w * in_channels + 3) // 4) + 8 * out_channels +
 *   (max(8 * kernel_w, 7 * stride_w + kernel_w) * in_channels + 3) // 4 * 4
 *   """
 * cycles = """
 *   (out_rows * out_cols + 7) // 8
 *   * (12 + 77 * kernel_h * (kernel_h * kernel_w > 1) + 19.3 * terms + 24.5 * pairs_entries
 *     + (89.2 - 26.8 * packed_staircase) * used_channels + 17.2 * (out_channels - used_channels))
 *   + (out_rows * out_cols < 8) * 226 * kernel_h"""
 * arrays = ["sparse_pairs"]
 */
#ifndef HB_CONV_2D_SPARSE_PAIRS_DSP_INT8_H
#define HB_CONV_2D_SPARSE_PAIRS_DSP_INT8_H

#include "hb_sparse_conv.h"

HB_KERNEL void hb_conv_2d_sparse_pairs_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                void *scratch)
{
    hb_conv_2d_sparse_pairs(in, out, at, 2, p->sparse_pairs, p, scratch);
}

#endif
