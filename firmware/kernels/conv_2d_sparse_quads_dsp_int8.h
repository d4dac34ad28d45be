/* CONV_2D, int8, sparse weights, with SMLAD: eight pixels at a time, two weights multiplied at once.
 *
 * An entry has the weights of any two of four adjacent channels: N:M of four, and weights that are not very sparse, need few entries.
 * A tile holds words of two terms of each of eight output pixels, all six of every four terms.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "sparse"
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "short_requantization", "low == -128", "high == 127", "terms <= 1024"]
 * scratch = """
 *   192 * kernel_h * ((kernel_w * in_channels + 3) // 4) + (kernel_w * in_channels + 3) // 4 * 4 +
 *   8 * out_channels
 *   """
 * cycles = """
 *   (out_rows * out_cols + 7) // 8
 *   * (76 + 432 * kernel_h + 35.3 * terms + 53.2 * out_channels + 26.7 * quads_entries)"""
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
