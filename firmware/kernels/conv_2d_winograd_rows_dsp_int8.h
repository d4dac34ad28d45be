/* CONV_2D, int8, windows three wide that move by one pixel, as integer Winograd F(4, 3) along rows with SMLAD: half of
 * the products, for one row of outputs at a time.
 *
 * The inputs of up to 16 pixels of a row are transformed at a time; the weights lie transformed in flash, four times the
 * bytes that they had, which is why there is a limit.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "groups == 1", "kernel_w == 3", "stride_w == 1", "dilation_w == 1", "in_channels % 4 == 0",
 *   "short_requantization", "winograd_fits", "low == -128", "high == 127",
 *   "kernel_h * in_channels * out_channels <= 6144",
 * ]
 * scratch = "96 * ((kernel_h * in_channels + 15) // 16 * 8) + max(192, 18 * in_channels)"
 * cycles = """
 *   out_rows * ((out_cols + 3) // 4 * kernel_h * in_channels * 21 + (out_cols + 15) // 16 * (
 *     200 + 370 * out_channels
 *     + (out_channels + 1) // 2 * (200 + 900 * ((kernel_h * in_channels + 15) // 16))))
 * """
 * arrays = ["winograd_row_weights", "winograd_channels"]
 * turns = true
 * flash = "9 * kernel_h * in_channels * out_channels"
 */
#ifndef HB_CONV_2D_WINOGRAD_ROWS_DSP_INT8_H
#define HB_CONV_2D_WINOGRAD_ROWS_DSP_INT8_H

#include "hb_winograd_input.h"
#include "hb_winograd_output.h"

/* Everything that `count` outputs from pixel (y, x) on read; `patch` has room for 18 pixels. */
HB_KERNEL void hb_winograd_row_block(const hb_view *in, int32_t y, int32_t x, int32_t count, uint32_t *patch,
                                     uint32_t *block, const hb_conv_int8_args *p)
{
    const int32_t step = 16 * HB_WINOGRAD_WORDS(p->kernel_h * p->in_channels), tiles = (count + 3) / 4;
    const uint32_t zero = (uint8_t)-p->input_offset * UINT32_C(0x01010101);
    const int32_t left = x - p->pad_left, words = p->in_channels / 4, pixels = 4 * tiles + 2;
    const int32_t first = hb_clamp(-left, 0, pixels);
    const int32_t last = hb_clamp(hb_clamp(left + count + 2, 0, p->in_cols) - left, first, pixels);
    for (int32_t ky = 0; ky < p->kernel_h; ky++, block += 2 * p->in_channels) {
        const int32_t in_y = y * p->stride_h - p->pad_top + ky * p->dilation_h;
        const int8_t *input = (const int8_t *)in->data + hb_at(in, in_y, left, p->in_channels);
        const int inside = in_y >= 0 && in_y < p->in_rows;
        if (!inside || first > 0 || last < pixels) {
            const int32_t from = inside ? first : pixels, to = inside ? last : pixels;
            uint32_t *end = hb_winograd_copy(patch, (const int8_t *)&zero, from * words, 0);
            end = hb_winograd_copy(end, input + from * p->in_channels, (to - from) * words, 4);
            hb_winograd_copy(end, (const int8_t *)&zero, (pixels - to) * words, 0);
            input = (const int8_t *)patch;
        }
        hb_winograd_row_input(input, p->in_channels, tiles, step, block);
    }
}

HB_KERNEL void hb_conv_2d_winograd_rows_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                 void *scratch)
{
    const int32_t words = HB_WINOGRAD_WORDS(p->kernel_h * p->in_channels);
    uint32_t *block = scratch;
    int32_t *sums = (int32_t *)block + 4 * HB_WINOGRAD_ROW_PLACES * words; /* or a patch, before */
    const hb_dsp_channel *channels = (const hb_dsp_channel *)p->winograd_channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x += 16) {
            const int32_t count = hb_clamp(at.x1 - x, 0, 16);
            const uint32_t *weights = (const uint32_t *)p->winograd_row_weights;
            int8_t *to = (int8_t *)out.data + hb_at(&out, y, x, p->out_channels);
            hb_winograd_row_block(&in, y, x, count, (uint32_t *)sums, block, p);
            for (int32_t o = 0; o < p->out_channels; o += 2, weights += 2 * HB_WINOGRAD_ROW_PLACES * words) {
                hb_winograd_products(block, weights, words, HB_WINOGRAD_ROW_PLACES, sums);
                for (int32_t c = o; c < o + 2 && c < p->out_channels; c++) {
                    hb_winograd_row_outputs(sums + 4 * (c - o), channels + c, count, p->out_channels, to + c);
                }
            }
        }
    }
}

#endif
