/* CONV_2D, int8, with SMLAD, as conv_2d_packed_dsp_int8.h does it, where outputs are requantized in two instructions.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 2", "short_requantization", "low == -128", "high == 127",
 *   "packed_fits", "packed_staircase"]
 * scratch = "8 * packed_quads * packed_pixels + packed_spare"
 * cycles = """
 *   960 + out_rows * out_cols * kernel_h * ((24 if terms > in_channels else 0)
 *     + (35 * kernel_w if padded and packed_band == 0 else 0))
 *   + (packed_pixels >= 4) * ((out_rows * out_cols + packed_pixels - 1) // packed_pixels * out_channels
 *       * (19 + (4 if packed_pixels >= 8 and packed_quads <= 8 else 0.95) * packed_quads)
 *     + out_rows * out_cols // 4 * (5.2 * terms + out_channels
 *       * (24.2 + 14.6 * packed_quads if packed_pixels >= 8 and packed_quads <= 8 else 30.8 + 16.9 * packed_quads)))
 *   + (out_rows * out_cols % 4 if packed_pixels >= 4 else out_rows * out_cols) * 10.4 * terms
 *   + out_channels * (min(out_rows * out_cols % 4, 1) * 5.6 * packed_quads
 *       + out_rows * out_cols % 4 * (29.6 + 1.84 * packed_quads)
 *     if out_rows * out_cols % 4 == 3 and packed_pixels >= 3
 *       or packed_quads > 8 and packed_pixels >= 4 and (out_rows * out_cols == 6 or out_rows * out_cols == 9) else
 *       (min(out_rows * out_cols % 4, 1) if packed_pixels >= 4 else (out_rows * out_cols - 1) // packed_pixels + 1)
 *       * (35 + 7.2 * packed_quads)
 *       + (out_rows * out_cols % 4 if packed_pixels >= 4 else out_rows * out_cols) * (23 + 2.5 * packed_quads))"""
 * arrays = ["packed", "packed_staircase"]
 */
#ifndef HB_CONV_2D_PACKED_STAIRCASE_DSP_INT8_H
#define HB_CONV_2D_PACKED_STAIRCASE_DSP_INT8_H

#include "conv_2d_packed_dsp_int8.h"

/* One copy serves every step of a model. */
HB_SHARED void hb_conv_2d_packed_staircase_dsp(const hb_view *in, const hb_view *out, hb_region at,
                                               const hb_conv_int8_args *p, uint32_t *scratch)
{
    hb_conv_2d_packed(in, out, at, p, scratch, 1);
}

HB_KERNEL void hb_conv_2d_packed_staircase_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                    void *scratch)
{
    hb_conv_2d_packed_staircase_dsp(&in, &out, at, p, scratch);
}

#endif
