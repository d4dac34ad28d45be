/* CONV_2D, float32, for cores with an FPU: two output channels by four pixels of a row at a time, so that eight products
 * share six loads. Products are added in the order of the plain kernel, which also serves the pixels beside the padding.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["float32"]
 * isa = ["fpu"]
 * when = ["groups == 1", "dilation_w == 1", "out_channels >= 2"]
 * cycles = """
 *   out_rows * out_channels
 *   * (out_cols // 4 * (43 + kernel_h * kernel_w * (6.3 + 17.5 * in_channels))
 *      + out_cols % 4 * kernel_h * kernel_w * (2.9 + 11.2 * in_channels))"""
 * arrays = ["weights", "bias"]
 */
#ifndef HB_CONV_2D_FPU_FLOAT32_H
#define HB_CONV_2D_FPU_FLOAT32_H

#include "conv_2d_float32.h"

/* Outputs of channels o and o + 1 at four pixels; the windows' rows begin at `window` and `step` numbers further each. */
HB_KERNEL void hb_conv_2d_fpu_block(const float *window, int32_t step, int32_t pitch, hb_span rows, int32_t o,
                                    float *result, const hb_conv_float32_args *p)
{
    const int32_t run = p->kernel_w * p->in_channels;
    const float *upper = p->weights + (o * p->kernel_h + rows.first) * run, *lower = upper + p->kernel_h * run;
    float a0 = p->bias[o], a1 = a0, a2 = a0, a3 = a0;
    float b0 = p->bias[o + 1], b1 = b0, b2 = b0, b3 = b0;
    for (int32_t ky = rows.first; ky < rows.last; ky++, upper += run, lower += run) {
        const float *x = window + ky * pitch;
#pragma GCC unroll 2
        for (int32_t i = 0; i < run; i++) {
            const float x0 = x[i], x1 = x[i + step], x2 = x[i + 2 * step], x3 = x[i + 3 * step];
            const float a = upper[i], b = lower[i];
            a0 += x0 * a, a1 += x1 * a, a2 += x2 * a, a3 += x3 * a;
            b0 += x0 * b, b1 += x1 * b, b2 += x2 * b, b3 += x3 * b;
        }
    }
    const int32_t next = p->out_channels;
    result[0] = hb_clampf(a0, p->low, p->high), result[1] = hb_clampf(b0, p->low, p->high);
    result[next] = hb_clampf(a1, p->low, p->high), result[next + 1] = hb_clampf(b1, p->low, p->high);
    result[2 * next] = hb_clampf(a2, p->low, p->high), result[2 * next + 1] = hb_clampf(b2, p->low, p->high);
    result[3 * next] = hb_clampf(a3, p->low, p->high), result[3 * next + 1] = hb_clampf(b3, p->low, p->high);
}

/* Columns of the output whose windows lie inside of the tensor, within columns [x0, x1). */
HB_KERNEL hb_span hb_conv_2d_fpu_inner(int32_t x0, int32_t x1, const hb_conv_float32_args *p)
{
    const int32_t first = (p->pad_left + p->stride_w - 1) / p->stride_w;
    const int32_t room = p->in_cols - p->kernel_w + p->pad_left;
    const int32_t last = room < 0 ? 0 : room / p->stride_w + 1;
    return (hb_span){hb_clamp(first, x0, x1), hb_clamp(last, x0, x1)};
}

HB_KERNEL void hb_conv_2d_fpu_float32(hb_view in, hb_view out, hb_region at, const hb_conv_float32_args *p)
{
    const int32_t pitch = p->dilation_h * in.cols * p->in_channels, step = p->stride_w * p->in_channels;
    const hb_span inner = hb_conv_2d_fpu_inner(at.x0, at.x1, p);
    const int32_t whole = inner.last - inner.first;
    /* One pixel too many is cheaper by itself than in a block of its own. */
    const int32_t blocked = whole < 4 ? 0 : whole % 4 == 1 ? whole - 1 : whole;
    for (int16_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t next = inner.first; next < inner.first + blocked; next += 4) {
            /* A last block of fewer than four pixels begins early, and computes some of them once more. */
            const int32_t x = next + 4 <= inner.last ? next : inner.last - 4;
            const float *window =
                (const float *)in.data + hb_at(&in, top, x * p->stride_w - p->pad_left, p->in_channels);
            float *result = (float *)out.data + hb_at(&out, y, x, p->out_channels);
            /* An odd last channel is computed together with the one before it, once more. */
            for (int32_t o = 0; o < p->out_channels; o += 2) {
                const int32_t c = o + 1 < p->out_channels ? o : o - 1;
                hb_conv_2d_fpu_block(window, step, pitch, rows, c, result + c, p);
            }
        }
        /* What is left of the row: its pixels before the blocks, then those after them. */
        for (int32_t side = 0; side < 2; side++) {
            const int16_t x0 = (int16_t)(side ? inner.first + blocked : at.x0),
                          x1 = (int16_t)(side ? at.x1 : inner.first);
            if (x0 < x1) {
                hb_conv_2d_float32(in, out, (hb_region){y, (int16_t)(y + 1), x0, x1}, p);
            }
        }
    }
}

#endif
