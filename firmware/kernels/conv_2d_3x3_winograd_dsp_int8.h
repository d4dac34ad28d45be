/* CONV_2D, int8, 3x3, stride 1, as integer Winograd F(2x2, 3x3) with SMLAD: 16 products for four outputs instead of 36.
 *
 * A tile of 4x4 inputs d and the weights g become B' d B and (2G) g (2G)', their products summed over the channels m,
 * and A' m A is four times the 2x2 outputs. Eight tiles are transformed at a time; the weights of two output channels
 * are transformed when it is their turn.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "groups == 1", "kernel_h == 3", "kernel_w == 3", "stride_h == 1", "stride_w == 1", "dilation_h == 1",
 *   "dilation_w == 1", "in_channels % 4 == 0", "out_channels % 2 == 0", "short_requantization", "winograd_fits",
 *   "low == -128", "high == 127",
 * ]
 * scratch = "640 * ((in_channels + 15) // 16 * 8) + max(512, 16 * in_channels)"
 * cycles = """
 *   (out_rows + 1) // 2 * ((out_cols + 1) // 2) * 190 * in_channels
 *   + ((out_rows + 1) // 2 * ((out_cols + 1) // 2) + 7) // 8 * out_channels * 51 * in_channels
 *   + ((out_rows + 1) // 2 * ((out_cols + 1) // 2) + 3) // 4 * out_channels * (470 + 74 * in_channels)"""
 * arrays = ["weights", "winograd_channels"]
 */
#ifndef HB_CONV_2D_3X3_WINOGRAD_DSP_INT8_H
#define HB_CONV_2D_3X3_WINOGRAD_DSP_INT8_H

#include "hb_winograd.h"

#define HB_WINOGRAD_2X2_PLACES 16
#define HB_WINOGRAD_2X2_TILES 8

/* B' d B for a pair of channels: d[4 * row + col]; the result's place i goes to out[i * step]. */
HB_KERNEL void hb_winograd_2x2_input(const uint32_t d[16], uint32_t *out, int32_t step)
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
HB_KERNEL void hb_winograd_2x2_expand(uint32_t a, uint32_t b, uint32_t c, uint32_t *out, int32_t step)
{
    const uint32_t ends = hb_sadd16(a, c);
    out[0] = hb_sadd16(a, a);
    out[step] = hb_sadd16(ends, b);
    out[2 * step] = hb_ssub16(ends, b);
    out[3 * step] = hb_sadd16(c, c);
}

/* (2G) g (2G)' for a pair of channels: g[3 * row + col]; the result's place i goes to out[i * step]. */
HB_KERNEL void hb_winograd_2x2_weights(const uint32_t g[9], uint32_t *out, int32_t step)
{
    uint32_t t[12];
#pragma GCC unroll 3
    for (int32_t col = 0; col < 3; col++) {
        hb_winograd_2x2_expand(g[col], g[3 + col], g[6 + col], t + col, 3);
    }
#pragma GCC unroll 4
    for (int32_t row = 0; row < 4; row++) {
        hb_winograd_2x2_expand(t[3 * row], t[3 * row + 1], t[3 * row + 2], out + 4 * row * step, step);
    }
}

/* B' d B of all channels of a tile; the words of a place lie four apart. */
HB_SHARED void hb_winograd_2x2_inputs(hb_winograd_window from, int32_t channels, uint32_t *tile)
{
    const int32_t step = 4 * HB_WINOGRAD_WORDS(channels);
    for (int32_t channel = 0; channel < channels; channel += 4, tile += 8) {
        uint32_t even[16], odd[16];
        for (int32_t row = 0; row < 4; row++) {
            const int8_t *pixel = from.pixels + row * from.row + channel;
#pragma GCC unroll 4
            for (int32_t col = 0; col < 4; col++) {
                const uint32_t biased = hb_load32(pixel + col * channels) ^ 0x80808080;
                even[4 * row + col] = biased & 0x00ff00ff;
                odd[4 * row + col] = biased >> 8 & 0x00ff00ff;
            }
        }
        hb_winograd_2x2_input(even, tile, step);
        hb_winograd_2x2_input(odd, tile + 4, step);
    }
}

/* Two output channels' weights: of each place a word for the one channel, then one for the other, and so on; what fills
 * up a place's words is left as it is. */
HB_SHARED void hb_winograd_2x2_channels(const int8_t *weights, int32_t channels, uint32_t *wide)
{
    const int32_t step = 2 * HB_WINOGRAD_WORDS(channels);
    for (int32_t c = 0; c < 2; c++, weights += 9 * channels) {
        for (int32_t channel = 0; channel < channels; channel += 4) {
            uint32_t even[9], odd[9];
#pragma GCC unroll 9
            for (int32_t i = 0; i < 9; i++) {
                const uint32_t word = hb_load32(weights + i * channels + channel);
                even[i] = hb_sxtb16(word);
                odd[i] = hb_sxtb16_odd(word);
            }
            hb_winograd_2x2_weights(even, wide + channel + c, step);
            hb_winograd_2x2_weights(odd, wide + channel + 2 + c, step);
        }
    }
}

/* A' m A of one channel and tile, whose products lie eight apart. */
HB_KERNEL void hb_winograd_2x2_output(const uint32_t *m, uint32_t sums[4])
{
    uint32_t upper[4], lower[4];
#pragma GCC unroll 4
    for (int32_t col = 0; col < 4; col++) {
        upper[col] = m[8 * col] + m[8 * (4 + col)] + m[8 * (8 + col)];
        lower[col] = m[8 * (4 + col)] - m[8 * (8 + col)] - m[8 * (12 + col)];
    }
    sums[0] = upper[0] + upper[1] + upper[2];
    sums[1] = upper[1] - upper[2] - upper[3];
    sums[2] = lower[0] + lower[1] + lower[2];
    sums[3] = lower[1] - lower[2] - lower[3];
}

/* The outputs of one channel of some tiles. Four sums times 16 are 64 sums. */
HB_SHARED void hb_winograd_2x2_outputs(const int32_t *m, const hb_dsp_channel *channel,
                                       const hb_winograd_target *targets, int32_t tiles, int32_t pixel, int32_t row,
                                       int8_t *out)
{
    const hb_dsp_channel one = *channel;
    const int32_t bits = one.shift == 0 ? 5 : 4;
    for (int32_t tile = 0; tile < tiles; tile++, targets++, m++) {
        uint32_t sums[4];
        int8_t outputs[4];
        hb_winograd_2x2_output((const uint32_t *)m, sums);
#pragma GCC unroll 4
        for (int32_t i = 0; i < 4; i++) {
            outputs[i] = hb_winograd_round((int32_t)((sums[i] << bits) + (uint32_t)one.bias), &one);
        }
        int8_t *to = out + targets->first;
        to[0] = outputs[0];
        if (targets->cols > 1) {
            to[pixel] = outputs[1];
        }
        if (targets->rows > 1) {
            to[row] = outputs[2];
        }
        if (targets->rows > 1 && targets->cols > 1) {
            to[row + pixel] = outputs[3];
        }
    }
}

HB_KERNEL void hb_conv_2d_3x3_winograd_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                void *scratch)
{
    const int32_t words = HB_WINOGRAD_WORDS(p->in_channels), block = 4 * HB_WINOGRAD_2X2_PLACES * words;
    uint32_t *tiles = scratch, *weights = tiles + HB_WINOGRAD_2X2_TILES / 4 * block;
    int32_t *sums = (int32_t *)(weights + 2 * HB_WINOGRAD_2X2_PLACES * words);
    const hb_dsp_channel *channels = (const hb_dsp_channel *)p->winograd_channels;
    const int32_t across = (at.x1 - at.x0 + 1) / 2, count = across * ((at.y1 - at.y0 + 1) / 2);
    const hb_winograd_limits limits = hb_winograd_limits_of(at, p);
    memset(weights, 0, (size_t)(8 * HB_WINOGRAD_2X2_PLACES * words));
    for (int32_t start = 0; start < count; start += HB_WINOGRAD_2X2_TILES) {
        const int32_t some = hb_clamp(count - start, 0, HB_WINOGRAD_2X2_TILES);
        hb_winograd_target targets[HB_WINOGRAD_2X2_TILES];
        for (int32_t i = 0; i < some; i++) {
            const int32_t y = at.y0 + (start + i) / across * 2, x = at.x0 + (start + i) % across * 2;
            const hb_winograd_window window = hb_winograd_window_of(&in, y, x, 4, limits, (uint32_t *)sums, p);
            hb_winograd_2x2_inputs(window, p->in_channels, tiles + i / 4 * block + i % 4);
            targets[i] = hb_winograd_target_of(&out, at, y, x, 2, p->out_channels);
        }
        for (int32_t o = 0; o < p->out_channels; o += 2) {
            hb_winograd_2x2_channels(p->weights + o * 9 * p->in_channels, p->in_channels, weights);
            for (int32_t i = 0; i < some; i += 4) {
                hb_winograd_products(tiles + i / 4 * block, weights, words, HB_WINOGRAD_2X2_PLACES, sums);
                for (int32_t c = 0; c < 2; c++) {
                    hb_winograd_2x2_outputs(sums + 4 * c, channels + o + c, targets + i, hb_clamp(some - i, 0, 4),
                                            p->out_channels, out.cols * p->out_channels, (int8_t *)out.data + o + c);
                }
            }
        }
    }
}

#endif
