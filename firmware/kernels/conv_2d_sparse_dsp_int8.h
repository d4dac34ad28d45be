/* CONV_2D, int8, sparse weights, with SMLA: eight pixels at a time, every weight that is not zero multiplied with all
 * of them.
 *
 * A tile holds for each term of the sums (kernel row, kernel column, channel) the 16-bit numbers 2 * (x + input_offset)
 * of eight output pixels. The terms of an output channel are a list of `entries`: a byte that says how many terms
 * further the next one is, and its weight; farther than 255 is bridged by entries of weight 0.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "sparse"
 * isa = ["dsp"]
 * when = ["groups == 1", "dilation_w == 1", "short_requantization", "low == -128", "high == 127", "terms <= 1024"]
 * scratch = "16 * terms + 32 + 2 * ((kernel_w * in_channels + 3) // 4 * 4)"
 * arrays = ["entries", "entry_counts", "bias", "multiplier", "shift"]
 */
#ifndef HB_CONV_2D_SPARSE_DSP_INT8_H
#define HB_CONV_2D_SPARSE_DSP_INT8_H

#include "hb_conv.h"
#include "hb_dsp.h"

/* One entry with eight pixels: 18 cycles on a Cortex-M4. */
#define HB_SPARSE_ENTRY                                                                                                \
    "ldrb.w %[gap], [%[entry], #2 * hb_entry]\n"                                                                       \
    "ldrsb.w %[weight], [%[entry], #2 * hb_entry + 1]\n"                                                               \
    "add.w %[tile], %[tile], %[gap], lsl #4\n"                                                                         \
    "ldr.w %[x], [%[tile]]\n"                                                                                          \
    "ldr.w %[gap], [%[tile], #4]\n"                                                                                    \
    "smlabb %[a0], %[x], %[weight], %[a0]\n"                                                                           \
    "smlatb %[a1], %[x], %[weight], %[a1]\n"                                                                           \
    "smlabb %[a2], %[gap], %[weight], %[a2]\n"                                                                         \
    "smlatb %[a3], %[gap], %[weight], %[a3]\n"                                                                         \
    "ldr.w %[x], [%[tile], #8]\n"                                                                                      \
    "ldr.w %[gap], [%[tile], #12]\n"                                                                                   \
    "smlabb %[a4], %[x], %[weight], %[a4]\n"                                                                           \
    "smlatb %[a5], %[x], %[weight], %[a5]\n"                                                                           \
    "smlabb %[a6], %[gap], %[weight], %[a6]\n"                                                                         \
    "smlatb %[a7], %[gap], %[weight], %[a7]\n"                                                                         \
    ".set hb_entry, hb_entry + 1\n"

typedef struct {
    int32_t a0, a1, a2, a3, a4, a5, a6, a7;
} hb_sums_8;

/* Adds the products of `count` > 0 entries to the sums of eight pixels.
 *
 * Four entries a round; the first round may be a part of one. Registers: eight sums, a pointer to the entries and one
 * into the tile, a weight, a gap that becomes pixels, pixels: thirteen; the end is read from the stack. */
HB_KERNEL hb_sums_8 hb_sparse_dot(const uint32_t *tile, const int8_t *entry, int32_t count, hb_sums_8 sums)
{
#ifdef __ARM_FEATURE_DSP
    const int8_t *const end = entry + 2 * count;
    const int32_t skipped = -count & 3;
    int32_t x, gap = skipped, weight;
    __asm volatile("sub.w %[entry], %[entry], %[gap], lsl #1\n"
                   "cmp.w %[gap], #2\n"
                   "beq.w 3f\n"
                   "bhi.w 4f\n"
                   "cmp.w %[gap], #1\n"
                   "beq.w 2f\n"
                   ".balign 4\n"
                   "1:\n"
                   ".set hb_entry, 0\n" HB_SPARSE_ENTRY "2:\n"
                   ".set hb_entry, 1\n" HB_SPARSE_ENTRY "3:\n"
                   ".set hb_entry, 2\n" HB_SPARSE_ENTRY "4:\n"
                   ".set hb_entry, 3\n" HB_SPARSE_ENTRY "ldr.w %[x], %[end]\n"
                   "add.w %[entry], %[entry], #8\n"
                   "cmp.w %[entry], %[x]\n"
                   "bne.w 1b\n"
                   : [a0] "+r"(sums.a0), [a1] "+r"(sums.a1), [a2] "+r"(sums.a2), [a3] "+r"(sums.a3), [a4] "+r"(sums.a4),
                     [a5] "+r"(sums.a5), [a6] "+r"(sums.a6), [a7] "+r"(sums.a7), [tile] "+r"(tile), [entry] "+r"(entry),
                     [x] "=&r"(x), [gap] "+r"(gap), [weight] "=&r"(weight)
                   : [end] "m"(end)
                   : "cc", "memory");
#else
    for (; count > 0; count--, entry += 2) {
        tile += 4 * (uint8_t)entry[0];
        const uint32_t low = (uint16_t)entry[1], high = (uint32_t)entry[1] << 16;
        sums.a0 = hb_smlad(tile[0], low, sums.a0), sums.a1 = hb_smlad(tile[0], high, sums.a1);
        sums.a2 = hb_smlad(tile[1], low, sums.a2), sums.a3 = hb_smlad(tile[1], high, sums.a3);
        sums.a4 = hb_smlad(tile[2], low, sums.a4), sums.a5 = hb_smlad(tile[2], high, sums.a5);
        sums.a6 = hb_smlad(tile[3], low, sums.a6), sums.a7 = hb_smlad(tile[3], high, sums.a7);
    }
#endif
    return sums;
}

/* All output channels of the eight pixels of a tile; pixel i lies `places[i]` bytes after `out`. */
HB_SHARED void hb_sparse_tile(const uint32_t *tile, const hb_conv_int8_args *p, const int32_t *places, int8_t *out)
{
    const int8_t *entry = p->entries;
    for (int32_t o = 0; o < p->out_channels; o++, out++) {
        const hb_dsp_channel channel = hb_dsp_channel_of(p->bias[o], p->multiplier[o], p->shift[o], p->output_offset);
        const int32_t b = channel.bias, count = p->entry_counts[o];
        hb_sums_8 sums = {b, b, b, b, b, b, b, b};
        if (count > 0) {
            sums = hb_sparse_dot(tile, entry, count, sums);
        }
        entry += 2 * count;
        const int8_t y0 = hb_dsp_output(sums.a0, channel), y1 = hb_dsp_output(sums.a1, channel);
        const int8_t y2 = hb_dsp_output(sums.a2, channel), y3 = hb_dsp_output(sums.a3, channel);
        const int8_t y4 = hb_dsp_output(sums.a4, channel), y5 = hb_dsp_output(sums.a5, channel);
        const int8_t y6 = hb_dsp_output(sums.a6, channel), y7 = hb_dsp_output(sums.a7, channel);
        out[places[0]] = y0, out[places[1]] = y1, out[places[2]] = y2, out[places[3]] = y3;
        out[places[4]] = y4, out[places[5]] = y5, out[places[6]] = y6, out[places[7]] = y7;
    }
}

/* Bytes of a row of the window of output pixel (y, x): in the input, or copied to `row` where some are padding. */
HB_KERNEL const int8_t *hb_sparse_window_row(const hb_view *in, int32_t y, int32_t x, int32_t ky, int8_t *row,
                                             const hb_conv_int8_args *p)
{
    const int32_t in_y = y * p->stride_h - p->pad_top + ky * p->dilation_h, left = x * p->stride_w - p->pad_left;
    const int inside = in_y >= 0 && in_y < p->in_rows;
    if (inside && left >= 0 && left + p->kernel_w <= p->in_cols) {
        return (const int8_t *)in->data + hb_at(in, in_y, left, p->in_channels);
    }
    memset(row, -p->input_offset, (size_t)(p->kernel_w * p->in_channels));
    if (inside) {
        const hb_span cols = hb_taps(left, 1, p->kernel_w, p->in_cols);
        memcpy(row + cols.first * p->in_channels,
               (const int8_t *)in->data + hb_at(in, in_y, left + cols.first, p->in_channels),
               (size_t)((cols.last - cols.first) * p->in_channels));
    }
    return row;
}

/* A row of the windows of two pixels, into words of the tile that lie four apart. */
HB_KERNEL void hb_sparse_spread(const int8_t *left, const int8_t *right, int32_t count, int32_t offset, uint32_t *tile)
{
    for (int32_t i = 0; i < count / 4; i++) {
        hb_split_pixels(hb_load32(left + 4 * i), hb_load32(right + 4 * i), offset, tile + 16 * i, 4);
    }
    for (int32_t i = count / 4 * 4; i < count; i++) {
        const int32_t a = 2 * (left[i] + offset), b = 2 * (right[i] + offset);
        tile[4 * i] = (uint16_t)a | (uint32_t)b << 16;
    }
}

HB_KERNEL void hb_conv_2d_sparse_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                          void *scratch)
{
    const int32_t run = p->kernel_w * p->in_channels, pixels = (at.y1 - at.y0) * (at.x1 - at.x0);
    int8_t *row = scratch;
    uint32_t *tile = (uint32_t *)scratch + 2 * ((run + 3) / 4);
    int32_t *places = (int32_t *)tile + 4 * p->terms;
    for (int32_t start = 0; start < pixels; start += 8) {
        for (int32_t pair = 0; pair < 4; pair++) {
            /* What is missing of the last eight pixels is the last one over again. */
            const int32_t a = hb_clamp(start + 2 * pair, 0, pixels - 1), b = hb_clamp(a + 1, 0, pixels - 1);
            const int32_t cols = at.x1 - at.x0;
            const int32_t ay = at.y0 + a / cols, ax = at.x0 + a % cols, by = at.y0 + b / cols, bx = at.x0 + b % cols;
            for (int32_t ky = 0; ky < p->kernel_h; ky++) {
                const int8_t *left = hb_sparse_window_row(&in, ay, ax, ky, row, p);
                const int8_t *right = hb_sparse_window_row(&in, by, bx, ky, row + (run + 3) / 4 * 4, p);
                hb_sparse_spread(left, right, run, p->input_offset, tile + 4 * ky * run + pair);
            }
            places[2 * pair] = hb_at(&out, ay, ax, p->out_channels);
            places[2 * pair + 1] = hb_at(&out, by, bx, p->out_channels);
        }
        hb_sparse_tile(tile, p, places, out.data);
    }
}

#endif
