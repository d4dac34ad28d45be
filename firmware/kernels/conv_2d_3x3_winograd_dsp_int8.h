/* CONV_2D, int8, 3x3, stride 1, as integer Winograd F(4x4, 3x3) with SMLAD: 36 products for 16 outputs instead of 144.
 *
 * `winograd_tiles` tiles of inputs are transformed at a time, in blocks of four, then the weights of two output channels
 * after the other, for all of these tiles.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "groups == 1", "kernel_h == 3", "kernel_w == 3", "stride_h == 1", "stride_w == 1", "dilation_h == 1",
 *   "dilation_w == 1", "in_channels % 4 == 0", "short_requantization", "winograd_fits", "low == -128", "high == 127",
 * ]
 * scratch = """
 *   (144 * winograd_tiles + 288) * ((in_channels + 15) // 16 * 8) + max(1152, 36 * in_channels) + 10 * winograd_tiles
 * """
 * cycles = """
 *   (out_rows + 3) // 4 * ((out_cols + 3) // 4) * (300 + 255 * in_channels + 310 * out_channels)
 *   + ((out_rows + 3) // 4 * ((out_cols + 3) // 4) + 3) // 4 * ((out_channels + 1) // 2)
 *   * (800 + 5000 * ((in_channels + 15) // 16))
 *   + ((out_rows + 3) // 4 * ((out_cols + 3) // 4) + winograd_tiles - 1) // winograd_tiles * out_channels
 *   * 150 * in_channels
 * """
 * arrays = ["weights", "winograd_channels"]
 */
#ifndef HB_CONV_2D_3X3_WINOGRAD_DSP_INT8_H
#define HB_CONV_2D_3X3_WINOGRAD_DSP_INT8_H

#include "hb_winograd_input.h"
#include "hb_winograd_output.h"
#include "hb_winograd_weights.h"

/* Rows and columns of the input that may be read: those of the tensor that the region to be written needs. */
typedef struct {
    int32_t row_end, col_end;
} hb_winograd_limits;

/* The inputs of the tile whose outputs begin at pixel (y, x). */
HB_KERNEL void hb_winograd_tile(const hb_view *in, int32_t y, int32_t x, hb_winograd_limits limits, uint32_t *patch,
                                uint32_t *tile, const hb_conv_int8_args *p)
{
    const int32_t top = y - p->pad_top, left = x - p->pad_left, row = in->cols * p->in_channels;
    const hb_region inside = {(int16_t)hb_clamp(-top, 0, 6), (int16_t)hb_clamp(limits.row_end - top, 0, 6),
                              (int16_t)hb_clamp(-left, 0, 6), (int16_t)hb_clamp(limits.col_end - left, 0, 6)};
    const int8_t *pixels = (const int8_t *)in->data + hb_at(in, top, left, p->in_channels);
    if (inside.y0 == 0 && inside.x0 == 0 && inside.y1 == 6 && inside.x1 == 6) {
        hb_winograd_input(pixels, row, p->in_channels, tile);
    } else {
        const uint32_t zero = (uint8_t)-p->input_offset * UINT32_C(0x01010101);
        hb_winograd_edge(pixels, row, p->in_channels, inside, zero, patch, tile);
    }
}

/* Two output channels of `count` tiles; of an odd number of channels the last has no second one. */
HB_KERNEL void hb_winograd_pair(int32_t o, const uint32_t *tiles, int32_t count, const uint32_t *weights, int32_t *sums,
                                const hb_winograd_target *targets, const hb_view *out, const hb_conv_int8_args *p)
{
    const int32_t words = HB_WINOGRAD_WORDS(p->in_channels);
    const hb_dsp_channel *channels = (const hb_dsp_channel *)p->winograd_channels;
    for (int32_t first = 0; first < count; first += 4, tiles += 4 * HB_WINOGRAD_PLACES * words, targets++) {
        hb_winograd_products(tiles, weights, words, HB_WINOGRAD_PLACES, sums);
        for (int32_t c = o; c < o + 2 && c < p->out_channels; c++) {
            hb_winograd_outputs(sums + 4 * (c - o), channels + c, targets, p->out_channels, out->cols * p->out_channels,
                                (int8_t *)out->data + c);
        }
    }
}

/* Tile i of a block's targets, whose outputs begin at pixel (y, x). */
HB_KERNEL void hb_winograd_aim(hb_winograd_target *target, int32_t i, int32_t y, int32_t x, const hb_view *out,
                               hb_region at, int32_t channels)
{
    const int32_t rows = hb_clamp(at.y1 - y, 0, 4), cols = hb_clamp(at.x1 - x, 0, 4);
    target->tiles = i + 1;
    target->whole = (i == 0 || target->whole) && rows == 4 && cols == 4;
    target->first[i] = hb_at(out, y, x, channels);
    target->rows[i] = (int16_t)rows;
    target->cols[i] = (int16_t)cols;
}

/* `stored` says whether weights lie transformed in flash. */
HB_KERNEL void hb_conv_2d_3x3_winograd(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p, void *scratch,
                                       int stored)
{
    const int32_t words = HB_WINOGRAD_WORDS(p->in_channels), most = stored ? 4 : p->winograd_tiles;
    const int32_t pair = 2 * HB_WINOGRAD_PLACES * words, patch = 9 * p->in_channels;
    uint32_t *tiles = scratch, *wide = tiles + most * HB_WINOGRAD_PLACES * words;
    int32_t *sums = (int32_t *)wide + (stored ? 0 : pair); /* or a patch, while tiles are transformed */
    hb_winograd_target *targets = (hb_winograd_target *)(sums + (patch > 288 ? patch : 288));
    const int32_t across = (at.x1 - at.x0 + 3) / 4, all = across * ((at.y1 - at.y0 + 3) / 4);
    const hb_winograd_limits limits = {hb_clamp(at.y1 - p->pad_top + 2, 0, p->in_rows),
                                       hb_clamp(at.x1 - p->pad_left + 2, 0, p->in_cols)};
    if (!stored && p->in_channels % 16 != 0) {
        memset(wide, 0, (size_t)(4 * pair));
    }
    for (int32_t start = 0; start < all; start += most) {
        const int32_t count = hb_clamp(all - start, 0, most);
        for (int32_t i = 0; i < count; i++) {
            const int32_t y = at.y0 + (start + i) / across * 4, x = at.x0 + (start + i) % across * 4;
            uint32_t *tile = tiles + i / 4 * 4 * HB_WINOGRAD_PLACES * words + i % 4;
            hb_winograd_tile(&in, y, x, limits, (uint32_t *)sums, tile, p);
            hb_winograd_aim(targets + i / 4, i % 4, y, x, &out, at, p->out_channels);
        }
        for (int32_t o = 0; o < p->out_channels; o += 2) {
            const uint32_t *weights = stored ? (const uint32_t *)p->winograd_weights + o / 2 * pair : wide;
            for (int32_t c = o; !stored && c < o + 2 && c < p->out_channels; c++) {
                hb_winograd_weights(p->weights + c * 9 * p->in_channels, p->in_channels, wide + (c - o));
            }
            hb_winograd_pair(o, tiles, count, weights, sums, targets, &out, p);
        }
    }
}

HB_KERNEL void hb_conv_2d_3x3_winograd_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                void *scratch)
{
    hb_conv_2d_3x3_winograd(in, out, at, p, scratch, 0);
}

#endif
