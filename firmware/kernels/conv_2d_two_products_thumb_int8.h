/* CONV_2D, int8, as conv_2d_thumb_int8.h does it, where outputs are requantized in two products.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["thumb"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels % 2 == 0", "two_products"]
 * scratch = "12 * tile_words + kernel_w * in_channels"
 * arrays = ["pair_weights", "pair_channels"]
 * cycles = """
 *   (out_rows * out_cols + 2) // 3
 *   * (out_channels // 2 * (90 + 34 * tile_words) + 8 * terms + 150 * kernel_h)"""
 */
#ifndef HB_CONV_2D_TWO_PRODUCTS_THUMB_INT8_H
#define HB_CONV_2D_TWO_PRODUCTS_THUMB_INT8_H

#include "conv_2d_thumb_int8.h"

HB_KERNEL void hb_conv_2d_two_products_thumb_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                  void *scratch)
{
    hb_conv_2d_thumb(in, out, at, p, scratch, 1);
}

#endif
