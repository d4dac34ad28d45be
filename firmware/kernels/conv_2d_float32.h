/* CONV_2D, float32: direct convolution, one output at a time.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["float32"]
 * weights = "dense"
 * cycles = "out_rows * out_cols * (385 + kernel_h * kernel_w * out_channels * (2.4 + 12 * in_channels))"
 * arrays = ["weights", "bias"]
 */
#ifndef HB_CONV_2D_FLOAT32_H
#define HB_CONV_2D_FLOAT32_H

#include "hb_conv.h"

/* Sum over the taps inside the tensor, of one group's channels; `start` is the index of the window's first tap. */
HB_KERNEL float hb_conv_2d_float32_sum(const float *input, int32_t start, int32_t pitch, hb_span rows, hb_span cols,
                                       const float *weights, float sum, const hb_conv_float32_args *p)
{
    for (int32_t ky = rows.first; ky < rows.last; ky++) {
        for (int32_t kx = cols.first; kx < cols.last; kx++) {
            const float *pixel = &input[start + ky * pitch + kx * p->dilation_w * p->in_channels];
            const float *weight = weights + (ky * p->kernel_w + kx) * p->group_inputs;
            for (int32_t c = 0; c < p->group_inputs; c++) {
                sum += pixel[c] * weight[c];
            }
        }
    }
    return sum;
}

HB_KERNEL void hb_conv_2d_float32(hb_view in, hb_view out, hb_region at, const hb_conv_float32_args *p)
{
    const int32_t pitch = p->dilation_h * in.cols * p->in_channels;
    const int32_t taps = p->kernel_h * p->kernel_w * p->group_inputs;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            const int32_t start = hb_at(&in, top, left, p->in_channels);
            float *result = (float *)out.data + hb_at(&out, y, x, p->out_channels);
            for (int32_t o = 0; o < p->out_channels; o++) {
                const int32_t channel = p->groups == 1 ? 0 : o / p->group_outputs * p->group_inputs;
                const float sum = hb_conv_2d_float32_sum(in.data, start + channel, pitch, rows, cols,
                                                         p->weights + o * taps, p->bias[o], p);
                result[o] = hb_clampf(sum, p->low, p->high);
            }
        }
    }
}

#endif
