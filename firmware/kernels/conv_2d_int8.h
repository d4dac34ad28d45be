/* CONV_2D, int8: direct convolution, one output at a time.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "dense"
 * cycles = "out_rows * out_cols * (330 + out_channels * (32 + 19 * kernel_h + 7.7 * terms))"
 * arrays = ["weights", "bias", "multiplier", "shift"]
 * turns = true
 */
#ifndef HB_CONV_2D_INT8_H
#define HB_CONV_2D_INT8_H

#include "hb_conv.h"
#include "hb_requantize.h"

/* Sum over the taps inside the tensor, of one group's channels; `start` is the index of the window's first tap. */
HB_KERNEL uint32_t hb_conv_2d_int8_sum(const hb_view *in, int32_t top, int32_t left, hb_span rows, hb_span cols,
                                       int32_t channel, const int8_t *weights, uint32_t sum, const hb_conv_int8_args *p)
{
    for (int32_t ky = rows.first; ky < rows.last; ky++) {
        const int8_t *row = (const int8_t *)in->data + hb_at(in, top + ky * p->dilation_h, left, p->in_channels);
        for (int32_t kx = cols.first; kx < cols.last; kx++) {
            const int8_t *pixel = &row[channel + kx * p->dilation_w * p->in_channels];
            const int8_t *weight = weights + (ky * p->kernel_w + kx) * p->group_inputs;
#pragma GCC unroll 4
            for (int32_t c = 0; c < p->group_inputs; c++) {
                sum += (uint32_t)((pixel[c] + p->input_offset) * weight[c]);
            }
        }
    }
    return sum;
}

HB_KERNEL void hb_conv_2d_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p)
{
    const int32_t taps = p->kernel_h * p->kernel_w * p->group_inputs;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->out_channels);
            for (int32_t o = 0; o < p->out_channels; o++) {
                const int32_t channel = p->groups == 1 ? 0 : o / p->group_outputs * p->group_inputs;
                const uint32_t sum = hb_conv_2d_int8_sum(&in, top, left, rows, cols, channel, p->weights + o * taps,
                                                         (uint32_t)p->bias[o], p);
                result[o] = hb_requantize_int8(sum, p->multiplier[o], p->shift[o], p->output_offset, p->low, p->high);
            }
        }
    }
}

#endif
