/* CONV_2D, int8, 3x3, stride 1, as integer Winograd F(2x2, 3x3) with SMLAD: 16 products for four outputs instead of 36.
 *
 * A tile of 4x4 inputs d and the weights g become B' d B and (2G) g (2G)', their products summed over the channels m,
 * and A' m A is four times the 2x2 outputs (Lavin and Gray 2016, section 4.1, with the halves in G multiplied out). All
 * of it is exact: inputs, doubled, stay below 2^12, weights below 2^11, and sums are right modulo 2^32 as long as the
 * outputs fit, which the fact `winograd_fits` says.
 *
 * Eight tiles are transformed at a time; the weights of two output channels are transformed when it is their turn.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "groups == 1", "kernel_h == 3", "kernel_w == 3", "stride_h == 1", "stride_w == 1", "dilation_h == 1",
 *   "dilation_w == 1", "in_channels % 8 == 0", "in_channels >= 16", "out_channels >= 8", "out_channels % 2 == 0",
 *   "short_requantization", "winograd_fits", "low == -128", "high == 127",
 * ]
 * scratch = "(256 + 64) * in_channels + 512"
 * cycles = """
 *   (out_rows + 1) // 2 * ((out_cols + 1) // 2) * 190 * in_channels
 *   + ((out_rows + 1) // 2 * ((out_cols + 1) // 2) + 7) // 8 * out_channels * 51 * in_channels
 *   + ((out_rows + 1) // 2 * ((out_cols + 1) // 2) + 3) // 4 * out_channels * (470 + 74 * in_channels)"""
 * arrays = ["weights", "bias", "multiplier", "shift"]
 */
#ifndef HB_CONV_2D_3X3_WINOGRAD_DSP_INT8_H
#define HB_CONV_2D_3X3_WINOGRAD_DSP_INT8_H

#include "hb_conv.h"
#include "hb_dsp.h"

#define HB_WINOGRAD_TILES 8

/* B' d B for a pair of channels: d[4 * row + col]; the result's place i goes to out[i * step]. */
HB_KERNEL void hb_winograd_input(const uint32_t d[16], uint32_t *out, int32_t step)
{
    uint32_t t[16];
#pragma GCC unroll 4
    for (int32_t row = 0; row < 4; row++) {
        const uint32_t *x = d + 4 * row;
        t[4 * row] = hb_ssub16(x[0], x[2]);
        t[4 * row + 1] = hb_sadd16(x[1], x[2]);
        t[4 * row + 2] = hb_ssub16(x[2], x[1]);
        t[4 * row + 3] = hb_ssub16(x[1], x[3]);
    }
#pragma GCC unroll 4
    for (int32_t col = 0; col < 4; col++) {
        out[col * step] = hb_ssub16(t[col], t[8 + col]);
        out[(4 + col) * step] = hb_sadd16(t[4 + col], t[8 + col]);
        out[(8 + col) * step] = hb_ssub16(t[8 + col], t[4 + col]);
        out[(12 + col) * step] = hb_ssub16(t[4 + col], t[12 + col]);
    }
}

/* 2G times a column (a, b, c) of pairs. */
HB_KERNEL void hb_winograd_expand(uint32_t a, uint32_t b, uint32_t c, uint32_t *out, int32_t step)
{
    const uint32_t ends = hb_sadd16(a, c);
    out[0] = hb_sadd16(a, a);
    out[step] = hb_sadd16(ends, b);
    out[2 * step] = hb_ssub16(ends, b);
    out[3 * step] = hb_sadd16(c, c);
}

/* (2G) g (2G)' for a pair of channels: g[3 * row + col]; the result's place i goes to out[i * step]. */
HB_KERNEL void hb_winograd_weights(const uint32_t g[9], uint32_t *out, int32_t step)
{
    uint32_t t[12];
#pragma GCC unroll 3
    for (int32_t col = 0; col < 3; col++) {
        hb_winograd_expand(g[col], g[3 + col], g[6 + col], t + col, 3);
    }
#pragma GCC unroll 4
    for (int32_t row = 0; row < 4; row++) {
        hb_winograd_expand(t[3 * row], t[3 * row + 1], t[3 * row + 2], out + 4 * row * step, step);
    }
}

/* Rows and columns of the input that may be read: those of the tensor that the region to be written needs. */
typedef struct {
    int32_t row_end, col_end;
} hb_winograd_limits;

/* All channels of the tile whose outputs begin at pixel (y, x). */
HB_KERNEL void hb_winograd_tile(const hb_view *in, int32_t y, int32_t x, hb_winograd_limits limits, uint32_t *tile,
                                int32_t step, const hb_conv_int8_args *p)
{
    const uint32_t zero = (uint8_t)-p->input_offset * UINT32_C(0x01010101);
    const int32_t top = y - p->pad_top, left = x - p->pad_left;
    const int whole = top >= 0 && left >= 0 && top + 4 <= limits.row_end && left + 4 <= limits.col_end;
    const int8_t *input = in->data;
    const int32_t corner = hb_at(in, top, left, p->in_channels);
    for (int32_t channel = 0; channel < p->in_channels; channel += 4, tile += 8) {
        uint32_t even[16], odd[16];
        for (int32_t row = 0; row < 4; row++) {
            const int8_t *pixel = input + corner + row * in->cols * p->in_channels + channel;
#pragma GCC unroll 4
            for (int32_t col = 0; col < 4; col++) {
                const int inside = whole || (top + row >= 0 && top + row < limits.row_end && left + col >= 0 &&
                                             left + col < limits.col_end);
                const uint32_t biased = (inside ? hb_load32(pixel + col * p->in_channels) : zero) ^ 0x80808080;
                even[4 * row + col] = hb_widen_pair(biased, p->input_offset, HB_DOUBLED);
                odd[4 * row + col] = hb_widen_pair(biased >> 8, p->input_offset, HB_DOUBLED);
            }
        }
        hb_winograd_input(even, tile, step);
        hb_winograd_input(odd, tile + 4, step);
    }
}

/* Two output channels' weights: of each of the 16 places a word for the one channel, then one for the other, and so on.
 */
HB_KERNEL void hb_winograd_channels(int32_t o, uint32_t *wide, const hb_conv_int8_args *p)
{
    for (int32_t c = 0; c < 2; c++) {
        const int8_t *weights = p->weights + (o + c) * 9 * p->in_channels;
        for (int32_t channel = 0; channel < p->in_channels; channel += 4) {
            uint32_t even[9], odd[9];
#pragma GCC unroll 9
            for (int32_t i = 0; i < 9; i++) {
                const uint32_t word = hb_load32(weights + i * p->in_channels + channel);
                even[i] = hb_sxtb16(word);
                odd[i] = hb_sxtb16_odd(word);
            }
            hb_winograd_weights(even, wide + channel + c, p->in_channels);
            hb_winograd_weights(odd, wide + channel + 2 + c, p->in_channels);
        }
    }
}

/* Products of 16 places for two channels and four tiles, `words` words each: eight sums a place. */
HB_SHARED void hb_winograd_products(const uint32_t *pixels, const uint32_t *weights, int32_t words, int32_t stride,
                                    int32_t *sums)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t half = (words & 4) * 16;
    const uint32_t *last_word = weights + 2 * words;
    const int32_t next = 4 * stride - 16 * words, step = 8 * words;
    const int32_t *const end = sums + 128;
    int32_t a0, a1, a2, a3, b0, b1, b2, b3, x0, x1, w0, w1;
    __asm volatile("0:\n"
                   "ldr.w %[x0], %[half]\n"
                   "mov.w %[a0], #0\n"
                   "mov.w %[a1], #0\n"
                   "mov.w %[a2], #0\n"
                   "mov.w %[a3], #0\n"
                   "mov.w %[b0], #0\n"
                   "mov.w %[b1], #0\n"
                   "mov.w %[b2], #0\n"
                   "mov.w %[b3], #0\n"
                   "cmp.w %[x0], #0\n"
                   "sub.w %[pixels], %[pixels], %[x0]\n"
                   "sub.w %[weights], %[weights], %[x0], lsr #1\n"
                   "bne.w 2f\n" HB_WORDS_2X4 "ldr.w %[w0], %[sums]\n"
                   "ldr.w %[w1], %[next]\n"
                   "ldr.w %[x1], %[step]\n"
                   "str.w %[a0], [%[w0]]\n"
                   "str.w %[a1], [%[w0], #4]\n"
                   "str.w %[a2], [%[w0], #8]\n"
                   "str.w %[a3], [%[w0], #12]\n"
                   "str.w %[b0], [%[w0], #16]\n"
                   "str.w %[b1], [%[w0], #20]\n"
                   "str.w %[b2], [%[w0], #24]\n"
                   "str.w %[b3], [%[w0], #28]\n"
                   "add.w %[w0], %[w0], #32\n"
                   "add.w %[x0], %[x0], %[x1]\n"
                   "ldr.w %[x1], %[end]\n"
                   "str.w %[w0], %[sums]\n"
                   "str.w %[x0], %[last_word]\n"
                   "add.w %[pixels], %[pixels], %[w1]\n"
                   "cmp.w %[w0], %[x1]\n"
                   "bne.w 0b\n"
                   : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1),
                     [b2] "=&r"(b2), [b3] "=&r"(b3), [x0] "=&r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1),
                     [pixels] "+r"(pixels), [weights] "+r"(weights), [sums] "+m"(sums), [last_word] "+m"(last_word)
                   : [half] "m"(half), [next] "m"(next), [step] "m"(step), [end] "m"(end)
                   : "cc", "memory");
#else
    for (int32_t place = 0; place < 16; place++, pixels += stride, weights += 2 * words) {
        for (int32_t i = 0; i < 8; i++) {
            int32_t sum = 0;
            for (int32_t word = 0; word < words; word++) {
                sum = hb_smlad(pixels[4 * word + i % 4], weights[2 * word + i / 4], sum);
            }
            sums[8 * place + i] = sum;
        }
    }
#endif
}

/* A' m A of one channel and tile, whose products lie eight apart: four outputs, times two. The shifts
 * are divisions without a remainder. */
HB_KERNEL void hb_winograd_output(const int32_t *m, int32_t bias, int32_t sums[4])
{
    int32_t upper[4], lower[4];
#pragma GCC unroll 4
    for (int32_t col = 0; col < 4; col++) {
        upper[col] = m[8 * col] + m[8 * (4 + col)] + m[8 * (8 + col)];
        lower[col] = m[8 * (4 + col)] - m[8 * (8 + col)] - m[8 * (12 + col)];
    }
    sums[0] = ((upper[0] + upper[1] + upper[2]) >> 2) + bias;
    sums[1] = ((upper[1] - upper[2] - upper[3]) >> 2) + bias;
    sums[2] = ((lower[0] + lower[1] + lower[2]) >> 2) + bias;
    sums[3] = ((lower[1] - lower[2] - lower[3]) >> 2) + bias;
}

/* Where the outputs of a tile go, in bytes after the first channel's output; -1 for those outside of the region. */
typedef struct {
    int32_t to[4];
} hb_winograd_places;

HB_KERNEL hb_winograd_places hb_winograd_places_of(const hb_view *out, hb_region at, int32_t y, int32_t x,
                                                   int32_t channels)
{
    const int32_t first = hb_at(out, y, x, channels), down = out->cols * channels;
    const int right = x + 1 < at.x1, below = y + 1 < at.y1;
    return (hb_winograd_places){{first, right ? first + channels : -1, below ? first + down : -1,
                                 right && below ? first + down + channels : -1}};
}

/* The outputs of one channel of some tiles of a block. */
HB_SHARED void hb_winograd_store(const int32_t *m, hb_dsp_channel channel, const hb_winograd_places *places,
                                 int32_t tiles, int8_t *out)
{
    for (int32_t tile = 0; tile < tiles; tile++, places++, m++) {
        int32_t sums[4];
        hb_winograd_output(m, channel.bias, sums);
        const int32_t to1 = places->to[1], to2 = places->to[2], to3 = places->to[3];
        out[places->to[0]] = hb_dsp_output(sums[0], channel);
        if (to1 >= 0) {
            out[to1] = hb_dsp_output(sums[1], channel);
        }
        if (to2 >= 0) {
            out[to2] = hb_dsp_output(sums[2], channel);
        }
        if (to3 >= 0) {
            out[to3] = hb_dsp_output(sums[3], channel);
        }
    }
}

HB_KERNEL void hb_conv_2d_3x3_winograd_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                void *scratch)
{
    const int32_t words = p->in_channels / 2, place = words * HB_WINOGRAD_TILES;
    uint32_t *tiles = scratch, *weights = tiles + 16 * place;
    int32_t *sums = (int32_t *)(weights + 32 * words);
    const int32_t across = (at.x1 - at.x0 + 1) / 2, count = across * ((at.y1 - at.y0 + 1) / 2);
    const hb_winograd_limits limits = {hb_clamp(at.y1 - p->pad_top + 2, 0, p->in_rows),
                                       hb_clamp(at.x1 - p->pad_left + 2, 0, p->in_cols)};
    for (int32_t start = 0; start < count; start += HB_WINOGRAD_TILES) {
        const int32_t some = hb_clamp(count - start, 0, HB_WINOGRAD_TILES);
        hb_winograd_places places[HB_WINOGRAD_TILES];
        for (int32_t i = 0; i < some; i++) {
            const int32_t y = at.y0 + (start + i) / across * 2, x = at.x0 + (start + i) % across * 2;
            hb_winograd_tile(&in, y, x, limits, tiles + i / 4 * 4 * words + i % 4, place, p);
            places[i] = hb_winograd_places_of(&out, at, y, x, p->out_channels);
        }
        for (int32_t o = 0; o < p->out_channels; o += 2) {
            hb_winograd_channels(o, weights, p);
            for (int32_t block = 0; block < some; block += 4) {
                hb_winograd_products(tiles + block * words, weights, words, place, sums);
                for (int32_t c = o; c < o + 2; c++) {
                    const hb_dsp_channel channel =
                        hb_dsp_channel_of(p->bias[c], p->multiplier[c], p->shift[c], p->output_offset);
                    hb_winograd_store(sums + 4 * (c - o), channel, places + block, hb_clamp(some - block, 0, 4),
                                      (int8_t *)out.data + c);
                }
            }
        }
    }
}

#endif
