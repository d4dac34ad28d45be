/* DEPTHWISE_CONV_2D, float32, 3x3, for cores with an FPU: the nine weights of a channel stay in registers while it sweeps a
 * row. Products are added in the order of the plain kernel, which also serves the pixels beside the padding.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["float32"]
 * isa = ["fpu"]
 * when = ["channel_multiplier == 1", "kernel_h == 3", "kernel_w == 3", "dilation_h == 1", "dilation_w == 1"]
 * cycles = "out_rows * in_channels * (out_cols // 4 * 253 + out_cols % 4 * 97)"
 * arrays = ["weights", "bias"]
 */
#ifndef HB_DEPTHWISE_CONV_2D_3X3_FPU_FLOAT32_H
#define HB_DEPTHWISE_CONV_2D_3X3_FPU_FLOAT32_H

#include "depthwise_conv_2d_float32.h"

/* `count` outputs of one channel in a row; x is the corner of the first window. */
HB_KERNEL void hb_dw3_fpu_sweep(const float *x, int32_t step, int32_t pitch, int32_t channel, int32_t count, float *out,
                                const hb_conv_float32_args *p)
{
    const int32_t next = p->in_channels;
    const float *w = p->weights + channel, *const second = w + 3 * next, *const third = w + 6 * next;
    const float w0 = w[0], w1 = w[next], w2 = w[2 * next], w3 = second[0], w4 = second[next], w5 = second[2 * next];
    const float w6 = third[0], w7 = third[next], w8 = third[2 * next], bias = p->bias[channel];
    for (; count > 0; count--, x += step, out += next) {
        const float *const y = x + pitch, *const z = y + pitch;
        float sum = bias;
        sum += x[0] * w0, sum += x[next] * w1, sum += x[2 * next] * w2;
        sum += y[0] * w3, sum += y[next] * w4, sum += y[2 * next] * w5;
        sum += z[0] * w6, sum += z[next] * w7, sum += z[2 * next] * w8;
        *out = hb_clampf(sum, p->low, p->high);
    }
}

HB_KERNEL void hb_depthwise_conv_2d_3x3_fpu_float32(hb_view in, hb_view out, hb_region at,
                                                    const hb_conv_float32_args *p)
{
    const int32_t room = p->in_cols - 3 + p->pad_left;
    const int32_t first = hb_clamp((p->pad_left + p->stride_w - 1) / p->stride_w, at.x0, at.x1);
    const int32_t last = hb_clamp(room < 0 ? 0 : room / p->stride_w + 1, at.x0, at.x1);
    for (int16_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const int32_t inner = top >= 0 && top + 3 <= p->in_rows && last > first ? last - first : 0;
        if (inner > 0) {
            const int32_t start = hb_at(&in, top, first * p->stride_w - p->pad_left, p->in_channels);
            for (int32_t channel = 0; channel < p->in_channels; channel++) {
                hb_dw3_fpu_sweep((const float *)in.data + start + channel, p->stride_w * p->in_channels,
                                 in.cols * p->in_channels, channel, inner,
                                 (float *)out.data + hb_at(&out, y, first, p->in_channels) + channel, p);
            }
        }
        /* What is left of the row: its pixels before the sweep, then those after it. */
        for (int32_t side = 0; side < 2; side++) {
            const int16_t x0 = (int16_t)(side ? first + inner : at.x0), x1 = (int16_t)(side ? at.x1 : first);
            if (x0 < x1) {
                hb_depthwise_conv_2d_float32(in, out, (hb_region){y, (int16_t)(y + 1), x0, x1}, p);
            }
        }
    }
}

#endif
