/* DEPTHWISE_CONV_2D, float32: one output at a time.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["float32"]
 * weights = "dense"
 * cycles = "out_rows * out_cols * (190 + 19.3 * out_channels * kernel_h * kernel_w)"
 * arrays = ["weights", "bias"]
 */
#ifndef HB_DEPTHWISE_CONV_2D_FLOAT32_H
#define HB_DEPTHWISE_CONV_2D_FLOAT32_H

#include "hb_conv.h"

HB_KERNEL void hb_depthwise_conv_2d_float32(hb_view in, hb_view out, hb_region at, const hb_conv_float32_args *p)
{
    const float *input = in.data;
    const int32_t pitch = p->dilation_h * in.cols * p->in_channels;
    const int32_t step = p->dilation_w * p->in_channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            const int32_t start = hb_at(&in, top, left, p->in_channels);
            float *result = (float *)out.data + hb_at(&out, y, x, p->out_channels);
            for (int32_t o = 0; o < p->out_channels; o++) {
                const int32_t channel = start + o / p->channel_multiplier;
                float sum = p->bias[o];
                for (int32_t ky = rows.first; ky < rows.last; ky++) {
                    const float *weight = p->weights + ky * p->kernel_w * p->out_channels + o;
                    for (int32_t kx = cols.first; kx < cols.last; kx++) {
                        sum += input[channel + ky * pitch + kx * step] * weight[kx * p->out_channels];
                    }
                }
                result[o] = hb_clampf(sum, p->low, p->high);
            }
        }
    }
}

#endif
