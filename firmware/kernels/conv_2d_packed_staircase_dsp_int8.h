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
 *   1050 + out_rows * out_cols * kernel_h * ((15 if terms > in_channels else 0)
 *     + (39 * kernel_w if padded and packed_band == 0 else 0))
 *   + (packed_pixels >= 4) * ((out_rows * out_cols + packed_pixels - 1) // packed_pixels * (3 + 1.2 * packed_quads)
 *       * out_channels
 *     + out_rows * out_cols // 4 * (3.8 * terms + out_channels
 *       * (23.4 + 15.6 * packed_quads if packed_pixels >= 16 and packed_quads <= 8 else 25 + 17.55 * packed_quads)))
 *   + (min(out_rows * out_cols % 4, 1) if packed_pixels >= 4 else (out_rows * out_cols - 1) // packed_pixels + 1)
 *     * out_channels * (30 + 6.7 * packed_quads)
 *   + (out_rows * out_cols % 4 if packed_pixels >= 4 else out_rows * out_cols)
 *     * (7 * terms + out_channels * (21.6 + 3.4 * packed_quads))"""
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
