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

/* The pixels of a region whose outputs lie one after another. */
HB_KERNEL void hb_sparse_pairs_run(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                                   void *scratch)
{
    const int32_t pixels = (at.y1 - at.y0) * (at.x1 - at.x0);
    int8_t *const outputs = (int8_t *)scratch + 64 * p->kernel_h * ((p->kernel_w * p->in_channels + 3) / 4);
    int8_t *const rows = outputs + 8 * p->out_channels;
    int8_t *const result = (int8_t *)out->data + hb_at(out, at.y0, at.x0, p->out_channels);
    for (int32_t i = 0; i < pixels; i += 8) {
        /* A last tile of fewer than eight pixels begins early, and computes some of them once more. */
        const int32_t first = i + 8 <= pixels ? i : pixels < 8 ? 0 : pixels - 8;
        hb_sparse_tile(in, at, first, pixels, scratch, rows, p, 1);
        (p->staircase ? hb_pairs_8_staircase
                      : hb_pairs_8_shifted)(scratch, (const uint8_t *)p->sparse_pairs, p->out_channels,
                                            pixels < 8 ? outputs : result + first * p->out_channels);
    }
    if (pixels < 8) {
        memcpy(result, outputs, (size_t)(pixels * p->out_channels));
    }
}

HB_KERNEL void hb_conv_2d_sparse_pairs_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                void *scratch)
{
    const int whole = hb_sparse_contiguous(&out, at);
    for (int16_t y = at.y0; y < at.y1; y = whole ? at.y1 : (int16_t)(y + 1)) {
        const hb_region part = {y, whole ? at.y1 : (int16_t)(y + 1), at.x0, at.x1};
        hb_sparse_pairs_run(&in, &out, part, p, scratch);
    }
}

#endif
