/* DEPTHWISE_CONV_2D, int8, any window, with 16-bit products of four channels at a time, without working space: for the
 * few pixels of a piece, where to take rows apart would cost more than it saves.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["channel_multiplier == 1", "in_channels >= 4", "short_requantization"]
 * cycles = """
 *   out_rows * out_cols * 80 + (in_channels + 3) // 4 * (
 *   132 * out_rows * out_cols + 24.4 * inside_rows * out_cols + 18.9 * inside_rows * inside_cols)"""
 * arrays = ["weights", "bias", "multiplier", "shift"]
 */
#ifndef HB_DEPTHWISE_CONV_2D_DIRECT_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_DIRECT_DSP_INT8_H

#include "hb_conv.h"
#include "hb_dsp.h"

/* The product of the low halves, and of the high halves, added to a sum. */
HB_KERNEL int32_t hb_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
#ifdef __ARM_FEATURE_DSP
    int32_t result;
    __asm("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return hb_smlad(a & 0xffff, b, sum);
#endif
}

HB_KERNEL int32_t hb_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
#ifdef __ARM_FEATURE_DSP
    int32_t result;
    __asm("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return hb_smlad(a & 0xffff0000, b, sum);
#endif
}

/* What a window sees of the tensor: `first` is its first tap inside, whose weights are those at `weights`; a tap further
 * along is `step` bytes further, a row `pitch`. */
typedef struct {
    const int8_t *first, *weights;
    int32_t rows, cols, step, pitch;
} hb_dwd_window;

/* Four channels of one pixel. */
HB_KERNEL void hb_dwd_four(const hb_dwd_window *window, int32_t channel, const hb_conv_int8_args *p, int8_t *out)
{
    const int8_t *row = window->first + channel, *weights = window->weights + channel;
    int32_t sums[4];
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = 2 * p->bias[channel + i];
    }
    for (int32_t y = 0; y < window->rows; y++, row += window->pitch, weights += p->kernel_w * p->in_channels) {
        const int8_t *pixel = row, *weight = weights;
        for (int32_t x = 0; x < window->cols; x++, pixel += window->step, weight += p->in_channels) {
            const uint32_t biased = hb_load32(pixel) ^ 0x80808080, word = hb_load32(weight);
            const uint32_t even = hb_widen_pair(biased, p->input_offset, HB_DOUBLED), even_weights = hb_sxtb16(word);
            const uint32_t odd = hb_widen_pair(biased >> 8, p->input_offset, HB_DOUBLED);
            const uint32_t odd_weights = hb_sxtb16_odd(word);
            sums[0] = hb_smlabb(even, even_weights, sums[0]), sums[2] = hb_smlatt(even, even_weights, sums[2]);
            sums[1] = hb_smlabb(odd, odd_weights, sums[1]), sums[3] = hb_smlatt(odd, odd_weights, sums[3]);
        }
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        const int32_t k = channel + i;
        const hb_dsp_channel c = hb_dsp_channel_of(0, p->multiplier[k], p->shift[k], p->output_offset);
        const int8_t result = hb_dsp_output(sums[i], c);
        out[k] = p->low > INT8_MIN || p->high < INT8_MAX ? (int8_t)hb_clamp(result, p->low, p->high) : result;
    }
}

HB_KERNEL void hb_depthwise_conv_2d_direct_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p)
{
    const int32_t step = p->dilation_w * p->in_channels, pitch = p->dilation_h * in.cols * p->in_channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            const int32_t first = hb_at(&in, top, left, p->in_channels) + rows.first * pitch + cols.first * step;
            const int32_t tap = rows.first * p->kernel_w + cols.first;
            const hb_dwd_window window = {(const int8_t *)in.data + first,
                                          p->weights + tap * p->in_channels,
                                          rows.last - rows.first,
                                          cols.last - cols.first,
                                          step,
                                          pitch};
            int8_t *const result = (int8_t *)out.data + hb_at(&out, y, x, p->in_channels);
            /* The last four begin among those before them where fewer are left. */
            for (int32_t channel = 0; channel < p->in_channels; channel += 4) {
                hb_dwd_four(&window, hb_clamp(channel, 0, p->in_channels - 4), p, result);
            }
        }
    }
}

#endif
