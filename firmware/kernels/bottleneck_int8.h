/* BOTTLENECK, int8: a 1x1 convolution, a depthwise and a 1x1 convolution, four channels at a time.
 *
 * Of what lies between them there are four channels only, and of those no more than what `rows` rows of the output
 * read, or a piece of one row: the first convolution runs again for each. The last one adds up in int32.
 *
 * [kernel]
 * op = ["BOTTLENECK"]
 * input = ["int8"]
 * weights = "dense"
 * when = ["groups == 1"]
 * scratch = "4 * (rows * cols * out_channels + window_rows * window_cols)"
 * cycles = """
 *   quads * (out_rows / rows * (269 + expanded * (54 + 11 * in_channels))
 *   + out_rows * out_cols * (249 + 26 * kernel_h * kernel_w + 12.8 * out_channels))"""
 * arrays = ["expand_weights", "expand_channels", "depthwise_weights", "depthwise_channels", "project_weights", "project_channels"]
 * flash = "(3 - (channels + 3) % 4) * (in_channels + kernel_h * kernel_w + out_channels + 24)"
 * turns = true
 */
#ifndef HB_BOTTLENECK_INT8_H
#define HB_BOTTLENECK_INT8_H

#include "hb_dsp.h"

/* Channels that are computed at a time. Of every array those beyond the last are there, with weights of 0. */
#define HB_QUAD 4

/* How a convolution rescales: its outputs lie from `low` to `high`. Where `brief` is not 0 its channels are those of
 * hb_dsp_output; else they hold the bias, and what hb_requantize_int8 takes. */
typedef struct {
    const int32_t *channels;
    int32_t brief, offset, low, high;
} hb_bottleneck_scale;

typedef struct {
    int32_t in_rows, in_cols, in_channels, channels, out_channels;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t groups, rows, cols, window_rows, window_cols; /* of the output, and of what is read for it, at a time */
    int32_t expand_brief, expand_offset, expand_low, expand_high;
    int32_t depthwise_brief, depthwise_offset, depthwise_low, depthwise_high;
    int32_t project_brief, project_offset, project_low, project_high;
    const int8_t *expand_weights;    /* per quad fours of inputs as hb_bottleneck_four reads them, then single ones */
    const int8_t *depthwise_weights; /* per quad and row pairs of taps as hb_bottleneck_pair does, then a single one */
    const int8_t *project_weights;   /* [quad][output][HB_QUAD] */
    const int32_t *expand_channels, *depthwise_channels, *project_channels; /* an hb_dsp_channel each */
} hb_bottleneck_int8_args;

/* The output of a channel, of a sum without its bias. */
HB_KERNEL int8_t hb_bottleneck_scaled(int32_t sum, int32_t channel, hb_bottleneck_scale to)
{
    const hb_dsp_channel record = ((const hb_dsp_channel *)to.channels)[channel];
    if (to.brief) {
        const int8_t result = hb_dsp_output((int32_t)(2 * (uint32_t)sum + (uint32_t)record.bias), record);
        return to.low == INT8_MIN && to.high == INT8_MAX ? result : (int8_t)hb_clamp(result, to.low, to.high);
    }
    const uint32_t whole = (uint32_t)sum + (uint32_t)record.bias;
    return hb_requantize_int8(whole, record.multiplier, record.shift, to.offset, to.low, to.high);
}

/* A number times the weights of four channels. */
HB_KERNEL void hb_bottleneck_one(int32_t sums[HB_QUAD], int32_t value, const int8_t *weights)
{
    sums[0] += value * weights[0];
    sums[1] += value * weights[1];
    sums[2] += value * weights[2];
    sums[3] += value * weights[3];
}

/* Inputs 0 and 2, then 1 and 3, of which `even` and `odd` hold pairs: for each two words of weights, of channels 0 and
 * 1 in turns, then of 2 and 3. */
HB_KERNEL void hb_bottleneck_four(int32_t sums[HB_QUAD], uint32_t even, uint32_t odd, const int8_t *weights)
{
    const uint32_t first = hb_load32(weights), second = hb_load32(weights + 4);
    const uint32_t third = hb_load32(weights + 8), fourth = hb_load32(weights + 12);
    sums[0] = hb_smlad(odd, hb_sxtb16(third), hb_smlad(even, hb_sxtb16(first), sums[0]));
    sums[1] = hb_smlad(odd, hb_sxtb16_odd(third), hb_smlad(even, hb_sxtb16_odd(first), sums[1]));
    sums[2] = hb_smlad(odd, hb_sxtb16(fourth), hb_smlad(even, hb_sxtb16(second), sums[2]));
    sums[3] = hb_smlad(odd, hb_sxtb16_odd(fourth), hb_smlad(even, hb_sxtb16_odd(second), sums[3]));
}

/* Two taps of four channels, from two words of weights: of channels 0 and 1 in turns, then of 2 and 3. */
HB_KERNEL void hb_bottleneck_pair(int32_t sums[HB_QUAD], uint32_t left, uint32_t right, const int8_t *weights)
{
    const uint32_t first = hb_load32(weights), second = hb_load32(weights + 4);
    const uint32_t even_left = hb_sxtb16(left), even_right = hb_sxtb16(right);
    const uint32_t odd_left = hb_sxtb16_odd(left), odd_right = hb_sxtb16_odd(right);
    sums[0] = hb_smlad((even_left & 0xffff) | even_right << 16, hb_sxtb16(first), sums[0]);
    sums[1] = hb_smlad((odd_left & 0xffff) | odd_right << 16, hb_sxtb16_odd(first), sums[1]);
    sums[2] = hb_smlad(even_left >> 16 | (even_right & 0xffff0000), hb_sxtb16(second), sums[2]);
    sums[3] = hb_smlad(odd_left >> 16 | (odd_right & 0xffff0000), hb_sxtb16_odd(second), sums[3]);
}

/* Four channels of one pixel, from their sums. */
HB_KERNEL void hb_bottleneck_quad(const int32_t sums[HB_QUAD], int32_t quad, hb_bottleneck_scale to,
                                  int8_t result[HB_QUAD])
{
    result[0] = hb_bottleneck_scaled(sums[0], quad * HB_QUAD, to);
    result[1] = hb_bottleneck_scaled(sums[1], quad * HB_QUAD + 1, to);
    result[2] = hb_bottleneck_scaled(sums[2], quad * HB_QUAD + 2, to);
    result[3] = hb_bottleneck_scaled(sums[3], quad * HB_QUAD + 3, to);
}

HB_KERNEL void hb_bottleneck_pixel(const int8_t *pixel, int32_t quad, int8_t *result, const hb_bottleneck_int8_args *p)
{
    const hb_bottleneck_scale to = {p->expand_channels, p->expand_brief, p->expand_offset, p->expand_low,
                                    p->expand_high};
    const int8_t *weights = p->expand_weights + quad * p->in_channels * HB_QUAD;
    int32_t sums[HB_QUAD] = {0}, c = 0;
    for (; c + 4 <= p->in_channels; c += 4, weights += 4 * HB_QUAD) {
        const uint32_t four = hb_load32(pixel + c);
        hb_bottleneck_four(sums, hb_sxtb16(four), hb_sxtb16_odd(four), weights);
    }
    for (; c < p->in_channels; c++, weights += HB_QUAD) {
        hb_bottleneck_one(sums, pixel[c], weights);
    }
    hb_bottleneck_quad(sums, quad, to, result);
}

/* Four channels of a window of what the first convolution writes; outside the map lies its zero point. */
HB_KERNEL void hb_bottleneck_expand(hb_view in, hb_region window, int32_t quad, int8_t *plane,
                                    const hb_bottleneck_int8_args *p)
{
    for (int32_t y = window.y0; y < window.y1; y++) {
        for (int32_t x = window.x0; x < window.x1; x++, plane += HB_QUAD) {
            if (y < 0 || y >= p->in_rows || x < 0 || x >= p->in_cols) {
                memset(plane, p->expand_offset, HB_QUAD);
            } else {
                hb_bottleneck_pixel((const int8_t *)in.data + hb_at(&in, y, x, p->in_channels), quad, plane, p);
            }
        }
    }
}

/* Four channels of one pixel of what the depthwise convolution writes. */
HB_KERNEL void hb_bottleneck_depthwise(const int8_t *start, int32_t quad, int8_t result[HB_QUAD],
                                       const hb_bottleneck_int8_args *p, int32_t pitch)
{
    const hb_bottleneck_scale to = {p->depthwise_channels, p->depthwise_brief, p->depthwise_offset, p->depthwise_low,
                                    p->depthwise_high};
    const int8_t *weights = p->depthwise_weights + quad * p->kernel_h * p->kernel_w * HB_QUAD;
    const int32_t step = p->dilation_w * HB_QUAD;
    int32_t sums[HB_QUAD] = {0};
    for (int32_t ky = 0; ky < p->kernel_h; ky++, start += p->dilation_h * pitch) {
        const int8_t *tap = start;
        for (int32_t kx = 0; kx + 2 <= p->kernel_w; kx += 2, tap += 2 * step, weights += 2 * HB_QUAD) {
            hb_bottleneck_pair(sums, hb_load32(tap), hb_load32(tap + step), weights);
        }
        if (p->kernel_w % 2 != 0) {
            sums[0] += tap[0] * weights[0];
            sums[1] += tap[1] * weights[1];
            sums[2] += tap[2] * weights[2];
            sums[3] += tap[3] * weights[3];
            weights += HB_QUAD;
        }
    }
    hb_bottleneck_quad(sums, quad, to, result);
}

/* What four channels of a tile add to the sums of the last convolution. */
HB_KERNEL void hb_bottleneck_project(const int8_t *plane, hb_region tile, int32_t quad, int32_t *sums,
                                     const hb_bottleneck_int8_args *p, int32_t pitch)
{
    for (int32_t y = 0; y < tile.y1 - tile.y0; y++) {
        for (int32_t x = 0; x < tile.x1 - tile.x0; x++) {
            const int8_t *weights = p->project_weights + quad * p->out_channels * HB_QUAD;
            int8_t result[HB_QUAD];
            hb_bottleneck_depthwise(plane + y * p->stride_h * pitch + x * p->stride_w * HB_QUAD, quad, result, p,
                                    pitch);
            const uint32_t even = hb_sxtb16(hb_load32(result)), odd = hb_sxtb16_odd(hb_load32(result));
            for (int32_t o = 0; o < p->out_channels; o++, weights += HB_QUAD, sums++) {
                const uint32_t four = hb_load32(weights);
                *sums = hb_smlad(odd, hb_sxtb16_odd(four), hb_smlad(even, hb_sxtb16(four), *sums));
            }
        }
    }
}

HB_KERNEL void hb_bottleneck_write(hb_view out, hb_region tile, const int32_t *sums, const hb_bottleneck_int8_args *p)
{
    const hb_bottleneck_scale to = {p->project_channels, p->project_brief, p->project_offset, p->project_low,
                                    p->project_high};
    for (int32_t y = tile.y0; y < tile.y1; y++) {
        int8_t *result = (int8_t *)out.data + hb_at(&out, y, tile.x0, p->out_channels);
        for (int32_t x = tile.x0; x < tile.x1; x++) {
            for (int32_t o = 0; o < p->out_channels; o++) {
                *result++ = hb_bottleneck_scaled(*sums++, o, to);
            }
        }
    }
}

HB_KERNEL void hb_bottleneck_tile(hb_view in, hb_view out, hb_region tile, const hb_bottleneck_int8_args *p,
                                  int32_t *sums)
{
    const int32_t pixels = (tile.y1 - tile.y0) * (tile.x1 - tile.x0);
    const int32_t top = tile.y0 * p->stride_h - p->pad_top, left = tile.x0 * p->stride_w - p->pad_left;
    const int32_t tall = (tile.y1 - tile.y0 - 1) * p->stride_h + (p->kernel_h - 1) * p->dilation_h + 1;
    const int32_t wide = (tile.x1 - tile.x0 - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
    const hb_region window = {(int16_t)top, (int16_t)(top + tall), (int16_t)left, (int16_t)(left + wide)};
    int8_t *plane = (int8_t *)(sums + pixels * p->out_channels);
    memset(sums, 0, (size_t)(pixels * p->out_channels) * sizeof *sums);
    for (int32_t quad = 0; quad * HB_QUAD < p->channels; quad++) {
        hb_bottleneck_expand(in, window, quad, plane, p);
        hb_bottleneck_project(plane, tile, quad, sums, p, wide * HB_QUAD);
    }
    hb_bottleneck_write(out, tile, sums, p);
}

HB_KERNEL void hb_bottleneck_int8(hb_view in, hb_view out, hb_region at, const hb_bottleneck_int8_args *p,
                                  void *scratch)
{
    for (int32_t y = at.y0; y < at.y1; y += p->rows) {
        const int32_t end = y + p->rows < at.y1 ? y + p->rows : at.y1;
        const hb_region tile = {(int16_t)y, (int16_t)end, at.x0, at.x1};
        hb_bottleneck_tile(in, out, tile, p, scratch);
    }
}

#endif
