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
 * cycles = """
 *   340 + 21 * out_rows * out_cols * kernel_h + 1.8 * nonzeros
 *   + (out_rows * out_cols + 3) // 4 * (26 * terms + 3.4 * out_channels)
 *   + (out_rows * out_cols + 7) // 8 * (142 * out_channels + 19.4 * nonzeros)"""
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

/* From a complete sum to int8: the register x holds the multiplier, gap the addend, weight the shift. */
#define HB_SPARSE_REQUANTIZE(sum)                                                                                      \
    "add.w %[tile], %[gap], %[" sum "], asr #31\n"                                                                     \
    "smmlar %[" sum "], %[" sum "], %[x], %[tile]\n"                                                                   \
    "asr.w %[" sum "], %[" sum "], %[weight]\n"                                                                        \
    "ssat %[" sum "], #8, %[" sum "]\n"

/* The outputs of one channel at the eight pixels of a tile, from `count` > 0 entries; pixel i lies `places[i]` bytes after
 * `out`.
 *
 * Four entries a round; the first round may be a part of one. Registers: eight sums, a pointer to the entries and one into
 * the tile, a weight, a gap that becomes pixels, pixels: thirteen; the rest is read from the stack. */
HB_KERNEL void hb_sparse_channel(const uint32_t *tile, const int8_t *entry, int32_t count, hb_dsp_channel channel,
                                 const int32_t *places, int8_t *out)
{
#ifdef __ARM_FEATURE_DSP
    const int8_t *const end = entry + 2 * count;
    const int32_t skipped = -count & 3;
    int32_t a0 = channel.bias, a1, a2, a3, a4, a5, a6, a7, x, gap = skipped, weight;
    __asm volatile(
        "sub.w %[entry], %[entry], %[gap], lsl #1\n"
        "mov.w %[a1], %[a0]\n"
        "mov.w %[a2], %[a0]\n"
        "mov.w %[a3], %[a0]\n"
        "mov.w %[a4], %[a0]\n"
        "mov.w %[a5], %[a0]\n"
        "mov.w %[a6], %[a0]\n"
        "mov.w %[a7], %[a0]\n"
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
        "ldr.w %[x], %[multiplier]\n"
        "ldr.w %[gap], %[addend]\n"
        "ldr.w %[weight], %[shift]\n" HB_SPARSE_REQUANTIZE("a0") HB_SPARSE_REQUANTIZE("a1") HB_SPARSE_REQUANTIZE("a2")
            HB_SPARSE_REQUANTIZE("a3") HB_SPARSE_REQUANTIZE("a4") HB_SPARSE_REQUANTIZE("a5") HB_SPARSE_REQUANTIZE("a6")
                HB_SPARSE_REQUANTIZE("a7") "ldr.w %[tile], %[places]\n"
                                           "ldr.w %[entry], %[out]\n"
                                           "ldr.w %[x], [%[tile]]\n"
                                           "ldr.w %[gap], [%[tile], #4]\n"
                                           "ldr.w %[weight], [%[tile], #8]\n"
                                           "strb.w %[a0], [%[entry], %[x]]\n"
                                           "strb.w %[a1], [%[entry], %[gap]]\n"
                                           "strb.w %[a2], [%[entry], %[weight]]\n"
                                           "ldr.w %[x], [%[tile], #12]\n"
                                           "ldr.w %[gap], [%[tile], #16]\n"
                                           "ldr.w %[weight], [%[tile], #20]\n"
                                           "strb.w %[a3], [%[entry], %[x]]\n"
                                           "strb.w %[a4], [%[entry], %[gap]]\n"
                                           "strb.w %[a5], [%[entry], %[weight]]\n"
                                           "ldr.w %[x], [%[tile], #24]\n"
                                           "ldr.w %[gap], [%[tile], #28]\n"
                                           "strb.w %[a6], [%[entry], %[x]]\n"
                                           "strb.w %[a7], [%[entry], %[gap]]\n"
        : [a0] "+r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [a4] "=&r"(a4), [a5] "=&r"(a5), [a6] "=&r"(a6),
          [a7] "=&r"(a7), [tile] "+r"(tile), [entry] "+r"(entry), [x] "=&r"(x), [gap] "+r"(gap), [weight] "=&r"(weight)
        : [end] "m"(end), [multiplier] "m"(channel.multiplier), [addend] "m"(channel.addend),
          [shift] "m"(channel.shift), [places] "m"(places), [out] "m"(out)
        : "cc", "memory");
#else
    int32_t sums[8];
    for (int32_t i = 0; i < 8; i++) {
        sums[i] = channel.bias;
    }
    for (; count > 0; count--, entry += 2) {
        tile += 4 * (uint8_t)entry[0];
        for (int32_t i = 0; i < 4; i++) {
            sums[2 * i] = hb_smlad(tile[i], (uint16_t)entry[1], sums[2 * i]);
            sums[2 * i + 1] = hb_smlad(tile[i], (uint32_t)entry[1] << 16, sums[2 * i + 1]);
        }
    }
    for (int32_t i = 0; i < 8; i++) {
        out[places[i]] = hb_dsp_output(sums[i], channel);
    }
#endif
}

/* All output channels of the eight pixels of a tile. */
HB_SHARED void hb_sparse_tile(const uint32_t *tile, const hb_conv_int8_args *p, const int32_t *places, int8_t *out)
{
    const int8_t *entry = p->entries;
    for (int32_t o = 0; o < p->out_channels; o++, out++) {
        const int32_t count = p->entry_counts[o];
        const hb_dsp_channel channel = hb_dsp_channel_of(p->bias[o], p->multiplier[o], p->shift[o], p->output_offset);
        if (count > 0) {
            hb_sparse_channel(tile, entry, count, channel, places, out);
        } else {
            const int8_t value = hb_dsp_output(channel.bias, channel);
            for (int32_t i = 0; i < 8; i++) {
                out[places[i]] = value;
            }
        }
        entry += 2 * count;
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
        hb_split_pixels(hb_load32(left + 4 * i), hb_load32(right + 4 * i), offset, HB_DOUBLED, tile + 16 * i, 4);
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
