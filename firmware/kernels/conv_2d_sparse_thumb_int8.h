/* CONV_2D, int8, sparse weights, in instructions that every core has: four pixels at a time, every weight that is not
 * zero multiplied with all of them.
 *
 * A tile holds for each term of the sums (kernel row, kernel column, channel) a word of each of four output pixels, for
 * Armv6-M loads words, and only these, from beside a pointer.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "sparse"
 * isa = ["thumb"]
 * when = ["groups == 1", "dilation_w == 1", "two_products", "terms <= 1024"]
 * scratch = "16 * terms + kernel_w * in_channels"
 * cycles = """
 *   (out_rows * out_cols + 3) // 4
 *   * (5 + 111 * kernel_h + 31 * terms + 169 * out_channels + 20.8 * nonzeros)"""
 * arrays = ["channel_values", "channel_gaps", "channel_counts", "thumb_channels"]
 */
#ifndef HB_CONV_2D_SPARSE_THUMB_INT8_H
#define HB_CONV_2D_SPARSE_THUMB_INT8_H

#include "hb_sparse_conv.h"
#include "hb_thumb.h"

/* What the sum of a channel begins with, and how it becomes an output. */
typedef struct {
    int32_t begin;
    hb_two_products scale;
} hb_thumb_channel;

/* What output pixel (y, x) reads, into every fourth word of a tile. `copy` has room for a row of the window. */
HB_KERNEL void hb_sparse_thumb_gather(const hb_view *in, int32_t y, int32_t x, int32_t *tile, int8_t *copy,
                                      const hb_conv_int8_args *p)
{
    const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int8_t *row = hb_sparse_strip(in, top + ky * p->dilation_h, left, p->kernel_w, copy, p);
        for (const int8_t *const end = row + p->kernel_w * p->in_channels; row != end; tile += 4) {
            *tile = *row++;
        }
    }
}

/* All output channels of the four pixels of a tile. One copy serves all steps of a model. */
HB_SHARED void hb_sparse_thumb_tile(const int32_t *tile, int8_t *const result[4], const hb_conv_int8_args *p)
{
    const hb_thumb_channel *channel = (const hb_thumb_channel *)p->thumb_channels;
    const int8_t *value = p->channel_values;
    const uint8_t *gap = p->channel_gaps;
    for (int32_t o = 0; o < p->out_channels; o++, channel++) {
        int32_t a = channel->begin, b = a, c = a, d = a;
        const int32_t *x = tile;
        for (const int8_t *const end = value + p->channel_counts[o]; value != end;) {
            const int32_t weight = *value++;
            x += 4 * *gap++;
            a += x[0] * weight, b += x[1] * weight, c += x[2] * weight, d += x[3] * weight;
        }
        result[0][o] = hb_two_products_output(a, &channel->scale);
        result[1][o] = hb_two_products_output(b, &channel->scale);
        result[2][o] = hb_two_products_output(c, &channel->scale);
        result[3][o] = hb_two_products_output(d, &channel->scale);
    }
}

/* Four pixels at a time; a last tile of fewer is filled up with its last one. */
HB_KERNEL void hb_conv_2d_sparse_thumb_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                            void *scratch)
{
    int32_t *const tile = scratch;
    int8_t *const copy = (int8_t *)(tile + 4 * p->terms);
    int32_t y = at.y0, x = at.x0;
    while (y < at.y1) {
        int8_t *result[4];
        for (int32_t i = 0; i < 4; i++) {
            const int last = y >= at.y1;
            const int32_t from_y = last ? at.y1 - 1 : y, from_x = last ? at.x1 - 1 : x;
            hb_sparse_thumb_gather(&in, from_y, from_x, tile + i, copy, p);
            result[i] = (int8_t *)out.data + hb_at(&out, from_y, from_x, p->out_channels);
            if (!last && ++x == at.x1) {
                x = at.x0;
                y++;
            }
        }
        hb_sparse_thumb_tile(tile, result, p);
    }
}

#endif
