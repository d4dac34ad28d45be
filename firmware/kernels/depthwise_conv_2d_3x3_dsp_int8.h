/* DEPTHWISE_CONV_2D, int8, 3x3, stride 1 or 2 along rows, with SMLAD.
 *
 * Four channels of a band of rows are taken apart into planes of 16-bit numbers (hb_planes.h), with zeros
 * where padding is; then each plane is swept row by row, two outputs at a time, its nine weights in six registers. The
 * last of an odd number of columns is swept downwards.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "channel_multiplier == 1", "in_channels % 4 == 0", "in_channels < 2048",
 *   "kernel_h == 3", "kernel_w == 3", "dilation_h == 1", "dilation_w == 1", "stride_w <= 2",
 *   "plane_pitch * (stride_h + 2) < 2040",
 *   "short_requantization", "low == -128", "high == 127",
 * ]
 * scratch = "8 * plane_pitch * ((band_rows - 1) * stride_h + 3)"
 * cycles = """
 *   in_channels * (
 *   64 * ((out_rows + band_rows - 1) // band_rows) + out_rows * (48 * (out_cols // 2) + 13 * (out_cols % 2))
 *   + (out_rows * stride_h + (out_rows + band_rows - 1) // band_rows * (3 - stride_h))
 *     * (41 + 4.45 * (out_cols + 1) * stride_w))"""
 * arrays = ["weights", "bias", "multiplier", "shift"]
 */
#ifndef HB_DEPTHWISE_CONV_2D_3X3_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_3X3_DSP_INT8_H

#include "hb_planes.h"

/* The weights of one channel: of row r, `first[r]` holds taps 0 and 1, `last[r]` taps 1 and 2. */
typedef struct {
    uint32_t first[3], last[3];
} hb_dw3_weights;

/* One row of a window at x[0] and x[1], the latter `stride` numbers further. */
#define HB_DW3_ROW_STRIDE_1(row)                                                                                       \
    "ldr.w %[p], [%[x], #2 * " #row " * %c[pitch]]\n"                                                                  \
    "ldr.w %[q], [%[x], #2 * " #row " * %c[pitch] + 4]\n"                                                              \
    "smlad %[a], %[p], %[first" #row "], %[a]\n"                                                                       \
    "smlabt %[a], %[q], %[last" #row "], %[a]\n"                                                                       \
    "smlatb %[b], %[p], %[first" #row "], %[b]\n"                                                                      \
    "smlad %[b], %[q], %[last" #row "], %[b]\n"
#define HB_DW3_ROW_STRIDE_2(row)                                                                                       \
    "ldr.w %[p], [%[x], #2 * " #row " * %c[pitch]]\n"                                                                  \
    "ldr.w %[q], [%[x], #2 * " #row " * %c[pitch] + 4]\n"                                                              \
    "ldr.w %[t], [%[x], #2 * " #row " * %c[pitch] + 8]\n"                                                              \
    "smlad %[a], %[p], %[first" #row "], %[a]\n"                                                                       \
    "smlabt %[a], %[q], %[last" #row "], %[a]\n"                                                                       \
    "smlad %[b], %[q], %[first" #row "], %[b]\n"                                                                       \
    "smlabt %[b], %[t], %[last" #row "], %[b]\n"

/* Two complete sums become int8; the registers that held pixels take the constants, and t the end. */
#define HB_DW3_REQUANTIZE                                                                                              \
    "ldr.w %[p], %[multiplier]\n"                                                                                      \
    "ldr.w %[q], %[addend]\n"                                                                                          \
    "ldr.w %[t], %[shift]\n"                                                                                           \
    "add.w %[u], %[q], %[a], asr #31\n"                                                                                \
    "smmlar %[a], %[a], %[p], %[u]\n"                                                                                  \
    "add.w %[u], %[q], %[b], asr #31\n"                                                                                \
    "smmlar %[b], %[b], %[p], %[u]\n"                                                                                  \
    "asr.w %[a], %[a], %[t]\n"                                                                                         \
    "asr.w %[b], %[b], %[t]\n"                                                                                         \
    "ssat %[a], #8, %[a]\n"                                                                                            \
    "ssat %[b], #8, %[b]\n"                                                                                            \
    "ldr.w %[t], %[end]\n"

#define HB_DW3_STAIRCASE                                                                                               \
    "ldr.w %[p], %[multiplier]\n"                                                                                      \
    "ldr.w %[q], %[addend]\n"                                                                                          \
    "ldr.w %[t], %[end]\n"                                                                                             \
    "smmla %[a], %[a], %[p], %[q]\n"                                                                                   \
    "smmla %[b], %[b], %[p], %[q]\n" HB_STAIRCASE_SSAT("a") HB_STAIRCASE_SSAT("b")

/* With stride 1 nothing else needs t and u: they keep the end and the addend that a sweep begins with. */
#define HB_DW3_STAIRCASE_STRIDE_1                                                                                      \
    "ldr.w %[p], %[multiplier]\n"                                                                                      \
    "smmla %[a], %[a], %[p], %[u]\n"                                                                                   \
    "smmla %[b], %[b], %[p], %[u]\n" HB_STAIRCASE_SSAT("a") HB_STAIRCASE_SSAT("b")

/* `rows` rows of `pairs` pairs of outputs; `x` is the first window's corner.
 *
 * Registers: two sums, six of weights, two pointers, four that hold pixels and then what requantization needs, which
 * like the ends of rows is kept on the stack: all fourteen. */
#define HB_DW3_SWEEP(ROW, advance, REQUANTIZE)                                                                         \
    __asm volatile(                                                                                                    \
        "ldr.w %[t], %[end]\n"                                                                                         \
        "ldr.w %[u], %[addend]\n"                                                                                      \
        ".balign 4\n"                                                                                                  \
        "1:\n"                                                                                                         \
        "ldr.w %[a], %[bias]\n"                                                                                        \
        "ldr.w %[b], %[bias]\n" ROW(0) ROW(1) ROW(2) REQUANTIZE "strb.w %[a], [%[out]]\n"                              \
                                                                "strb.w %[b], [%[out], %[channels]]\n"                 \
                                                                "addw %[x], %[x], #" advance "\n"                      \
                                                                "addw %[out], %[out], #2 * %c[channels]\n"             \
                                                                "cmp.w %[x], %[t]\n"                                   \
                                                                "bne.w 1b\n"                                           \
                                                                "ldr.w %[a], %[x_step]\n"                              \
                                                                "ldr.w %[b], %[out_step]\n"                            \
                                                                "ldr.w %[p], %[end_step]\n"                            \
                                                                "ldr.w %[q], %[rows]\n"                                \
                                                                "add.w %[x], %[x], %[a]\n"                             \
                                                                "add.w %[out], %[out], %[b]\n"                         \
                                                                "add.w %[t], %[t], %[p]\n"                             \
                                                                "subs.w %[q], %[q], #1\n"                              \
                                                                "str.w %[t], %[end]\n"                                 \
                                                                "str.w %[q], %[rows]\n"                                \
                                                                "bne.w 1b\n"                                           \
        : [a] "=&r"(a), [b] "=&r"(b), [p] "=&r"(p0), [q] "=&r"(q0), [t] "=&r"(t), [u] "=&r"(u), [x] "+r"(x),           \
          [out] "+r"(out), [end] "+m"(end), [rows] "+m"(rows)                                                          \
        : [first0] "r"(w->first[0]), [first1] "r"(w->first[1]), [first2] "r"(w->first[2]), [last0] "r"(w->last[0]),    \
          [last1] "r"(w->last[1]), [last2] "r"(w->last[2]), [bias] "m"(c.bias), [multiplier] "m"(c.multiplier),        \
          [addend] "m"(c.addend), [shift] "m"(c.shift), [x_step] "m"(x_step), [out_step] "m"(out_step),                \
          [end_step] "m"(end_step), [pitch] "i"(pitch), [channels] "i"(channels)                                       \
        : "cc", "memory")

/* One output in plain C: the last one of an odd number, and all on the host. */
HB_KERNEL int8_t hb_dw3_single(const int16_t *x, int32_t pitch, const hb_dw3_weights *w, const hb_dsp_channel *channel,
                               int staircase)
{
    int32_t sum = channel->bias;
    for (int32_t row = 0; row < 3; row++, x += pitch) {
        const uint32_t pair = (uint16_t)x[0] | (uint32_t)(uint16_t)x[1] << 16;
        sum = hb_smlad(pair, w->first[row], sum);
        sum = hb_smlad((uint32_t)(uint16_t)x[2] << 16, w->last[row], sum);
    }
    return staircase ? hb_staircase_output(sum, *channel) : hb_dsp_output(sum, *channel);
}

/* `pairs` pairs in each of `rows` rows, which lie `down` numbers apart in the plane and `out_down` bytes in the output.
 */
HB_KERNEL void hb_dw3_pairs(const int16_t *x, int32_t pitch, int32_t stride, int32_t down, int8_t *out,
                            int32_t channels, int32_t out_down, int32_t pairs, int32_t rows, const hb_dw3_weights *w,
                            const hb_dsp_channel *channel, int staircase)
{
#ifdef __ARM_FEATURE_DSP
    const hb_dsp_channel c = *channel;
    const int16_t *end = x + 2 * stride * pairs;
    const int32_t end_step = 2 * down, x_step = end_step - 4 * stride * pairs,
                  out_step = out_down - 2 * channels * pairs;
    int32_t a, b, p0, q0, t, u;
    if (stride == 1) {
        if (staircase) {
            HB_DW3_SWEEP(HB_DW3_ROW_STRIDE_1, "4", HB_DW3_STAIRCASE_STRIDE_1);
        } else {
            HB_DW3_SWEEP(HB_DW3_ROW_STRIDE_1, "4", HB_DW3_REQUANTIZE);
        }
    } else if (staircase) {
        HB_DW3_SWEEP(HB_DW3_ROW_STRIDE_2, "8", HB_DW3_STAIRCASE);
    } else {
        HB_DW3_SWEEP(HB_DW3_ROW_STRIDE_2, "8", HB_DW3_REQUANTIZE);
    }
#else
    for (int32_t y = 0; y < rows; y++) {
        for (int32_t i = 0; i < 2 * pairs; i++) {
            out[y * out_down + i * channels] = hb_dw3_single(x + y * down + i * stride, pitch, w, channel, staircase);
        }
    }
#endif
}

HB_KERNEL hb_dw3_weights hb_dw3_weights_of(const int8_t *weights, int32_t channels)
{
    hb_dw3_weights w;
    for (int32_t row = 0; row < 3; row++) {
        const int8_t *tap = weights + 3 * row * channels;
        w.first[row] = (uint16_t)tap[0] | (uint32_t)tap[channels] << 16;
        w.last[row] = (uint16_t)tap[channels] | (uint32_t)tap[2 * channels] << 16;
    }
    return w;
}

/* A row of the windows at x and, `down` numbers further, at the one below. */
#define HB_DW3_ROW_DOWN(row)                                                                                           \
    "ldr.w %[p], [%[x], #2 * " #row " * %c[pitch]]\n"                                                                  \
    "ldr.w %[q], [%[x], #2 * " #row " * %c[pitch] + 4]\n"                                                              \
    "smlad %[a], %[p], %[first" #row "], %[a]\n"                                                                       \
    "smlabt %[a], %[q], %[last" #row "], %[a]\n"                                                                       \
    "ldr.w %[p], [%[x], #2 * (" #row " * %c[pitch] + %c[down])]\n"                                                     \
    "ldr.w %[q], [%[x], #2 * (" #row " * %c[pitch] + %c[down]) + 4]\n"                                                 \
    "smlad %[b], %[p], %[first" #row "], %[b]\n"                                                                       \
    "smlabt %[b], %[q], %[last" #row "], %[b]\n"

#define HB_DW3_COLUMN(REQUANTIZE)                                                                                      \
    __asm volatile(".balign 4\n"                                                                                       \
                   "1:\n"                                                                                              \
                   "ldr.w %[a], %[bias]\n"                                                                             \
                   "ldr.w %[b], %[bias]\n" HB_DW3_ROW_DOWN(0) HB_DW3_ROW_DOWN(1) HB_DW3_ROW_DOWN(2) REQUANTIZE         \
                   "ldr.w %[u], %[out_down]\n"                                                                         \
                   "ldr.w %[p], %[x_step]\n"                                                                           \
                   "strb.w %[a], [%[out]]\n"                                                                           \
                   "strb.w %[b], [%[out], %[u]]\n"                                                                     \
                   "add.w %[x], %[x], %[p]\n"                                                                          \
                   "add.w %[out], %[out], %[u], lsl #1\n"                                                              \
                   "cmp.w %[x], %[t]\n"                                                                                \
                   "bne.w 1b\n"                                                                                        \
                   : [a] "=&r"(a), [b] "=&r"(b), [p] "=&r"(p0), [q] "=&r"(q0), [t] "=&r"(t), [u] "=&r"(u),             \
                     [x] "+r"(x), [out] "+r"(out)                                                                      \
                   : [first0] "r"(w->first[0]), [first1] "r"(w->first[1]), [first2] "r"(w->first[2]),                  \
                     [last0] "r"(w->last[0]), [last1] "r"(w->last[1]), [last2] "r"(w->last[2]), [bias] "m"(c.bias),    \
                     [multiplier] "m"(c.multiplier), [addend] "m"(c.addend), [shift] "m"(c.shift), [end] "m"(end),     \
                     [out_down] "m"(out_down), [x_step] "m"(x_step), [pitch] "i"(pitch), [down] "i"(down)              \
                   : "cc", "memory")

/* `pairs` > 0 pairs of outputs of one column, one below the other. */
HB_KERNEL void hb_dw3_column(const int16_t *x, int32_t pitch, int32_t down, int8_t *out, int32_t out_down,
                             int32_t pairs, const hb_dw3_weights *w, const hb_dsp_channel *channel, int staircase)
{
#ifdef __ARM_FEATURE_DSP
    const hb_dsp_channel c = *channel;
    const int16_t *const end = x + 2 * down * pairs;
    const int32_t x_step = 4 * down;
    int32_t a, b, p0, q0, t, u;
    if (staircase) {
        HB_DW3_COLUMN(HB_DW3_STAIRCASE);
    } else {
        HB_DW3_COLUMN(HB_DW3_REQUANTIZE);
    }
#else
    for (int32_t y = 0; y < 2 * pairs; y++) {
        out[y * out_down] = hb_dw3_single(x + y * down, pitch, w, channel, staircase);
    }
#endif
}

/* Rows [top, bottom) of one channel, from its plane. */
HB_KERNEL void hb_dw3_plane(const int16_t *plane, const hb_view *out, hb_region at, int32_t channel, int32_t top,
                            int32_t bottom, int staircase, const hb_conv_int8_args *p)
{
    const hb_dw3_weights w = hb_dw3_weights_of(p->weights + channel, p->in_channels);
    const hb_dsp_channel requantized =
        staircase ? hb_staircase_channel_of(p->staircase_bias[channel], p->staircase_multiplier[channel],
                                            p->staircase_nudge[channel])
                  : hb_dsp_channel_of(p->bias[channel], p->multiplier[channel], p->shift[channel], p->output_offset);
    const int32_t cols = at.x1 - at.x0, rows = bottom - top;
    const int32_t down = p->stride_h * p->plane_pitch, out_down = out->cols * p->in_channels;
    int8_t *result = (int8_t *)out->data + hb_at(out, top, at.x0, p->in_channels) + channel;
    if (cols > 1) {
        hb_dw3_pairs(plane, p->plane_pitch, p->stride_w, down, result, p->in_channels, out_down, cols / 2, rows, &w,
                     &requantized, staircase);
    }
    if (cols % 2 != 0) {
        const int16_t *x = plane + (cols - 1) * p->stride_w;
        result += (cols - 1) * p->in_channels;
        if (rows > 1) {
            hb_dw3_column(x, p->plane_pitch, down, result, out_down, rows / 2, &w, &requantized, staircase);
        }
        if (rows % 2 != 0) {
            result[(rows - 1) * out_down] =
                hb_dw3_single(x + (rows - 1) * down, p->plane_pitch, &w, &requantized, staircase);
        }
    }
}

/* `staircase` says which requantization of `hb_dsp.h`. */
HB_KERNEL void hb_dw3(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p, void *scratch, int staircase)
{
    const int32_t left = at.x0 * p->stride_w - p->pad_left, pitch = p->plane_pitch / 2;
    const int32_t numbers = ((at.x1 - at.x0 - 1) * p->stride_w + 4) & ~1;
    const int32_t band = hb_clamp(p->band_rows, 1, at.y1 - at.y0), rows = (band - 1) * p->stride_h + 3;
    /* The planes lie at the end of the working space, which is made for the largest region. */
    const int32_t used = 3 * pitch * rows + pitch * (rows - 1) + numbers / 2;
    uint32_t *planes = (uint32_t *)scratch + 4 * pitch * ((p->band_rows - 1) * p->stride_h + 3) - used;
    for (int32_t top = at.y0; top < at.y1; top += band) {
        const int32_t bottom = hb_clamp(top + band, top, at.y1);
        for (int32_t channel = 0; channel < p->in_channels; channel += 4) {
            for (int32_t row = 0; row < (bottom - top - 1) * p->stride_h + 3; row++) {
                hb_plane_row(&in, top * p->stride_h - p->pad_top + row, left, channel, planes + row * pitch,
                             pitch * rows, numbers, staircase ? HB_STAIRCASE : HB_DOUBLED, p);
            }
            for (int32_t i = 0; i < 4; i++) {
                hb_dw3_plane((const int16_t *)(planes + i * pitch * rows), &out, at, channel + i, top, bottom,
                             staircase, p);
            }
        }
    }
}

HB_KERNEL void hb_depthwise_conv_2d_3x3_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                 void *scratch)
{
    hb_dw3(in, out, at, p, scratch, 0);
}

#endif
