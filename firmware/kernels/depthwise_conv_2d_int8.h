/* DEPTHWISE_CONV_2D, int8: one output at a time.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * weights = "dense"
 * cycles = "90 + out_rows * out_cols * (21 + 20.5 * out_channels * kernel_h * kernel_w)"
 * arrays = ["weights", "bias", "multiplier", "shift"]
 * turns = true
 */
#ifndef HB_DEPTHWISE_CONV_2D_INT8_H
#define HB_DEPTHWISE_CONV_2D_INT8_H

#include "hb_conv.h"
#include "hb_requantize.h"

HB_KERNEL void hb_depthwise_conv_2d_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p)
{
    const int32_t step = p->dilation_w * p->in_channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->out_channels);
            for (int32_t o = 0; o < p->out_channels; o++) {
                const int32_t channel = o / p->channel_multiplier;
                uint32_t sum = (uint32_t)p->bias[o];
                for (int32_t ky = rows.first; ky < rows.last; ky++) {
                    const int8_t *weight = p->weights + ky * p->kernel_w * p->out_channels + o;
                    const int32_t row = hb_at(&in, top + ky * p->dilation_h, left, p->in_channels);
                    const int8_t *input = (const int8_t *)in.data + row + channel;
                    for (int32_t kx = cols.first; kx < cols.last; kx++) {
                        sum += (uint32_t)((input[kx * step] + p->input_offset) * weight[kx * p->out_channels]);
                    }
                }
                result[o] = hb_requantize_int8(sum, p->multiplier[o], p->shift[o], p->output_offset, p->low, p->high);
            }
        }
    }
}

#endif
