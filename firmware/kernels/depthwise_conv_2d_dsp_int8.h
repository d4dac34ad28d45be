/* DEPTHWISE_CONV_2D, int8, any window, with SMLAD.
 *
 * Four channels of a band of rows are taken apart into planes (hb_planes.h); then each plane is swept, two outputs at a
 * time, two taps of a row at once. A row of an odd number of taps ends with one of weight 0.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "channel_multiplier == 1", "in_channels % 4 == 0", "dilation_h == 1", "dilation_w == 1", "short_requantization",
 * ]
 * scratch = "4 * kernel_h * ((kernel_w + 1) // 2) + 8 * plane_pitch * ((band_rows - 1) * stride_h + kernel_h)"
 * cycles = """
 *   in_channels * (13 * ((out_rows + band_rows - 1) // band_rows)
 *   + 7 * (out_rows * stride_h + (out_rows + band_rows - 1) // band_rows * (kernel_h - stride_h))
 *     * ((out_cols - 1) * stride_w + kernel_w)
 *   + out_rows * (74 + 16.3 * ((out_cols + 1) // 2 * kernel_h * ((kernel_w + 1) // 2))))"""
 * arrays = ["weights", "bias", "multiplier", "shift"]
 */
#ifndef HB_DEPTHWISE_CONV_2D_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_DSP_INT8_H

#include "hb_planes.h"

/* One row of four channels: numbers [left, left + numbers) of input row y. */
HB_KERNEL void hb_plane_row(const hb_view *in, int32_t y, int32_t left, int32_t channel, uint32_t *planes,
                            int32_t plane, int32_t numbers, int32_t bits, const hb_conv_int8_args *p)
{
    const uint32_t zero = (uint8_t)-p->input_offset * UINT32_C(0x01010101);
    const int inside = y >= 0 && y < p->in_rows;
    const int32_t first = hb_clamp(-left, 0, numbers), last = inside ? hb_clamp(p->in_cols - left, 0, numbers) : 0;
    const int8_t *input = (const int8_t *)in->data + channel;
    for (int32_t i = 0; i < numbers;) {
        if (i < first || i + 1 >= last) {
            const int has_a = i >= first && i < last, has_b = i + 1 >= first && i + 1 < last;
            const uint32_t a = has_a ? hb_load32(input + hb_at(in, y, left + i, p->in_channels)) : zero;
            const uint32_t b = has_b ? hb_load32(input + hb_at(in, y, left + i + 1, p->in_channels)) : zero;
            hb_split_pixels(a, b, p->input_offset, bits, planes + i / 2, plane);
            i += 2;
        } else {
            /* Pairs that lie inside of the tensor. */
            const int8_t *pixel = input + hb_at(in, y, left + i, p->in_channels);
            for (; i + 1 < last; i += 2, pixel += 2 * p->in_channels) {
                hb_split_pixels(hb_load32(pixel), hb_load32(pixel + p->in_channels), p->input_offset, bits,
                                planes + i / 2, plane);
            }
        }
    }
}

/* The taps of one channel, two to a word. */
HB_KERNEL void hb_dw_weights(const int8_t *weights, uint32_t *wide, const hb_conv_int8_args *p)
{
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        for (int32_t kx = 0; kx < p->kernel_w; kx += 2) {
            const int8_t *tap = weights + (ky * p->kernel_w + kx) * p->in_channels;
            const int32_t second = kx + 1 < p->kernel_w ? tap[p->in_channels] : 0;
            *wide++ = (uint16_t)tap[0] | (uint32_t)second << 16;
        }
    }
}

/* Outputs `to` and `to + next` of windows that begin at x and at x + stride; only `rows` of the windows are not padding. */
HB_KERNEL void hb_dw_pair(const int16_t *x, int32_t stride, hb_span rows, const uint32_t *wide,
                          const hb_dsp_channel *channel, int8_t *to, int32_t next, const hb_conv_int8_args *p)
{
    const int32_t words = (p->kernel_w + 1) / 2;
    int32_t a = channel->bias, b = channel->bias;
    x += rows.first * p->plane_pitch, wide += rows.first * words;
    for (int32_t ky = rows.first; ky < rows.last; ky++, x += p->plane_pitch, wide += words) {
#pragma GCC unroll 8
        for (int32_t i = 0; i < words; i++) {
            a = hb_smlad(hb_load32(x + 2 * i), wide[i], a);
            b = hb_smlad(hb_load32(x + stride + 2 * i), wide[i], b);
        }
    }
    to[next] = (int8_t)hb_clamp(hb_dsp_output(b, *channel), p->low, p->high);
    to[0] = (int8_t)hb_clamp(hb_dsp_output(a, *channel), p->low, p->high);
}

/* Rows [top, bottom) of one channel, from its plane. */
HB_KERNEL void hb_dw_plane(const int16_t *plane, const hb_view *out, hb_region at, int32_t channel, int32_t top,
                           int32_t bottom, uint32_t *wide, const hb_conv_int8_args *p)
{
    const hb_dsp_channel requantized =
        hb_dsp_channel_of(p->bias[channel], p->multiplier[channel], p->shift[channel], p->output_offset);
    hb_dw_weights(p->weights + channel, wide, p);
    for (int32_t y = top; y < bottom; y++, plane += p->stride_h * p->plane_pitch) {
        int8_t *result = (int8_t *)out->data + hb_at(out, y, at.x0, p->in_channels) + channel;
        const hb_span rows = hb_taps(y * p->stride_h - p->pad_top, 1, p->kernel_h, p->in_rows);
        const int16_t *x = plane;
        /* Of an odd number of columns, the last is its own partner. */
        for (int32_t left = at.x1 - at.x0; left > 0; left -= 2, x += 2 * p->stride_w, result += 2 * p->in_channels) {
            hb_dw_pair(x, left > 1 ? p->stride_w : 0, rows, wide, &requantized, result, left > 1 ? p->in_channels : 0,
                       p);
        }
    }
}

HB_KERNEL void hb_depthwise_conv_2d_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                             void *scratch)
{
    const int32_t left = at.x0 * p->stride_w - p->pad_left, pitch = p->plane_pitch / 2;
    const int32_t numbers = ((at.x1 - at.x0 - 1) * p->stride_w + p->kernel_w + 1) & ~1;
    const int32_t band = hb_clamp(p->band_rows, 1, at.y1 - at.y0), rows = (band - 1) * p->stride_h + p->kernel_h;
    /* The planes lie at the end of the working space, which is made for the largest region. */
    const int32_t used = 3 * pitch * rows + pitch * (rows - 1) + numbers / 2;
    uint32_t *wide = scratch, *planes = wide + p->kernel_h * ((p->kernel_w + 1) / 2) +
                                        4 * pitch * ((p->band_rows - 1) * p->stride_h + p->kernel_h) - used;
    for (int32_t top = at.y0; top < at.y1; top += band) {
        const int32_t bottom = hb_clamp(top + band, top, at.y1);
        for (int32_t channel = 0; channel < p->in_channels; channel += 4) {
            for (int32_t row = 0; row < (bottom - top - 1) * p->stride_h + p->kernel_h; row++) {
                hb_plane_row(&in, top * p->stride_h - p->pad_top + row, left, channel, planes + row * pitch,
                             pitch * rows, numbers, HB_DOUBLED, p);
            }
            for (int32_t i = 0; i < 4; i++) {
                hb_dw_plane((const int16_t *)(planes + i * pitch * rows), &out, at, channel + i, top, bottom, wide, p);
            }
        }
    }
}

#endif
