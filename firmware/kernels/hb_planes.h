/* Row pairs: how the kernels for depthwise convolutions with SMLAD see a map.
 *
 * Of four channels, two rows at a time are taken apart into words: the upper row's pixel of a column lies in the low
 * half, the lower row's in the high half. Pair k of channel c of a column is word `(4 * column + c) * depth + k`: pairs
 * that are read together lie side by side, and where pair k has served, pair k + depth - 1 of the channel before takes
 * its place; a ring that moves on by a word a pair. Every pixel is read once, and before outputs are written over it,
 * which is why the output may lie in the input.
 *
 * "Rows" are columns where a map is tall: then windows are swept down, so that there are more of them a sweep.
 */
#ifndef HB_PLANES_H
#define HB_PLANES_H

#include "hb_conv.h"
#include "hb_dsp.h"

/* What a call of a kernel sweeps. Steps are in bytes, between neighbours along the direction of the sweep, and across.
 * Of the columns that are read, first `left` are padding, then `inner` are not, then `right` are; of the rows those
 * from `top` on, before `bottom`, are not. Column `left` of row 0 lies `origin` bytes after `in`. */
typedef struct {
    const int8_t *in;
    int8_t *out;
    const int32_t *records;
    uint32_t *words;
    int32_t origin, in_along, in_across, out_along, out_across;
    int32_t left, inner, right, top, bottom;
    int32_t along, across, stride, channels, zero, output_offset;
} hb_sweep;

HB_KERNEL hb_sweep hb_sweep_of(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p, void *scratch)
{
    const int32_t tall = p->tall, channels = p->in_channels;
    const int32_t y = at.y0 * p->stride_h - p->pad_top, x = at.x0 * p->stride_w - p->pad_left;
    const int32_t in_row = in.cols * channels, out_row = out.cols * channels;
    const int32_t along = tall ? at.y1 - at.y0 : at.x1 - at.x0, across = tall ? at.x1 - at.x0 : at.y1 - at.y0;
    const int32_t from = tall ? y : x, size = tall ? p->in_rows : p->in_cols;
    const int32_t above = tall ? x : y, height = tall ? p->in_cols : p->in_rows;
    const int32_t stride = tall ? p->stride_h : p->stride_w, stride_across = tall ? p->stride_w : p->stride_h;
    const int32_t columns = (along - 1) * stride + (tall ? p->kernel_h : p->kernel_w);
    const int32_t rows = (across - 1) * stride_across + (tall ? p->kernel_w : p->kernel_h);
    const int32_t left = hb_clamp(-from, 0, columns), right = hb_clamp(size - from, left, columns);
    return (hb_sweep){
        .in = in.data,
        .out = (int8_t *)out.data + hb_at(&out, at.y0, at.x0, channels),
        .records = p->sweep_records,
        .words = scratch,
        .origin = hb_at(&in, y, x, channels) + left * (tall ? in_row : channels),
        .in_along = tall ? in_row : channels,
        .in_across = tall ? channels : in_row,
        .out_along = tall ? out_row : channels,
        .out_across = tall ? channels : out_row,
        .left = left,
        .inner = right - left,
        .right = columns - right,
        .top = -above,
        .bottom = hb_clamp(height - above, 0, rows),
        .along = along,
        .across = across,
        .stride = stride,
        .channels = channels,
        .zero = (int32_t)((uint8_t)-p->input_offset * UINT32_C(0x01010101)),
        .output_offset = p->output_offset,
    };
}

/* Halfwords: both low ones, both high ones, low and high of two words. */
HB_KERNEL uint32_t hb_low_halves(uint32_t low, uint32_t high)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
    return result;
#else
    return (low & 0xffff) | high << 16;
#endif
}

HB_KERNEL uint32_t hb_high_halves(uint32_t low, uint32_t high)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
    return result;
#else
    return low >> 16 | (high & 0xffff0000);
#endif
}

HB_KERNEL uint32_t hb_outer_halves(uint32_t low, uint32_t high)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("pkhbt %0, %1, %2" : "=r"(result) : "r"(low), "r"(high));
    return result;
#else
    return (low & 0xffff) | (high & 0xffff0000);
#endif
}

/* Two pixels' bytes of four channels, as the words of a column. */
HB_KERNEL void hb_pair_column(uint32_t upper, uint32_t lower, uint32_t *to, int32_t depth)
{
    const uint32_t first = hb_low_halves(upper, lower), last = hb_high_halves(upper, lower);
    to[0] = hb_sxtb16(first), to[depth] = hb_sxtb16_odd(first);
    to[2 * depth] = hb_sxtb16(last), to[3 * depth] = hb_sxtb16_odd(last);
}

#define HB_PAIR_COLUMN(column, upper, lower)                                                                           \
    "pkhbt %[t], %[" upper "], %[" lower "], lsl #16\n"                                                                \
    "pkhtb %[" lower "], %[" lower "], %[" upper "], asr #16\n"                                                        \
    "sxtb16.w %[" upper "], %[t]\n"                                                                                    \
    "sxtb16.w %[t], %[t], ror #8\n"                                                                                    \
    "str.w %[" upper "], [%[to], #(4 * " column " + 0) * 4 * %c[depth]]\n"                                             \
    "str.w %[t], [%[to], #(4 * " column " + 1) * 4 * %c[depth]]\n"                                                     \
    "sxtb16.w %[t], %[" lower "]\n"                                                                                    \
    "sxtb16.w %[" lower "], %[" lower "], ror #8\n"                                                                    \
    "str.w %[t], [%[to], #(4 * " column " + 2) * 4 * %c[depth]]\n"                                                     \
    "str.w %[" lower "], [%[to], #(4 * " column " + 3) * 4 * %c[depth]]\n"

/* Two columns of two rows of pixels, as columns `column` and the next. */
#define HB_PAIR_TWO_COLUMNS(column, next)                                                                              \
    "ldr.w %[a], [%[upper]]\n"                                                                                         \
    "ldr.w %[b], [%[upper], %[upper_step]]\n"                                                                          \
    "ldr.w %[c], [%[lower]]\n"                                                                                         \
    "ldr.w %[d], [%[lower], %[lower_step]]\n"                                                                          \
    "add.w %[upper], %[upper], %[upper_step], lsl #1\n"                                                                \
    "add.w %[lower], %[lower], %[lower_step], lsl #1\n" HB_PAIR_COLUMN(column, "a", "c")                               \
        HB_PAIR_COLUMN(next, "b", "d")

/* `count` columns of two rows of pixels. Four columns a round; the first round is entered at label 2 if it is half of
 * one. */
HB_KERNEL void hb_pair_columns(const int8_t *upper, int32_t upper_step, const int8_t *lower, int32_t lower_step,
                               int32_t count, uint32_t *to, int32_t depth)
{
#ifdef __ARM_FEATURE_DSP
    if (count > 1) {
        uint32_t a, b, c, d, t;
        int32_t left = (count + 2) & ~3;
        to -= count & 2 ? 8 * depth : 0;
        __asm volatile(
            "tst.w %[count], #2\n"
            "bne.w 2f\n"
            ".balign 4\n"
            "1:\n" HB_PAIR_TWO_COLUMNS("0", "1") "2:\n" HB_PAIR_TWO_COLUMNS("2",
                                                                            "3") "add.w %[to], %[to], #64 * %c[depth]\n"
                                                                                 "subs.w %[left], %[left], #4\n"
                                                                                 "bne.w 1b\n"
            : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [t] "=&r"(t), [upper] "+r"(upper),
              [lower] "+r"(lower), [left] "+r"(left), [to] "+r"(to)
            : [upper_step] "r"(upper_step), [lower_step] "r"(lower_step), [count] "r"(count), [depth] "i"(depth)
            : "cc", "memory");
        count &= 1;
    }
#endif
    for (; count > 0; count--, upper += upper_step, lower += lower_step, to += 4 * depth) {
        hb_pair_column(hb_load32(upper), hb_load32(lower), to, depth);
    }
}

HB_KERNEL void hb_pair_padding(uint32_t word, int32_t count, uint32_t *to, int32_t depth)
{
    for (; count > 0; count--, to += 4 * depth) {
        to[0] = word, to[depth] = word, to[2 * depth] = word, to[3 * depth] = word;
    }
}

/* Rows 2k and 2k + 1 of four channels. `pad` is 0 where padding is there already. */
HB_KERNEL void hb_pair_make(const hb_sweep *s, int32_t channel, int32_t k, int32_t depth, int pad)
{
    const int32_t row = 2 * k, pitch = 4 * depth;
    const int has_upper = row >= s->top && row < s->bottom, has_lower = row + 1 >= s->top && row + 1 < s->bottom;
    const int8_t *const first = s->in + s->origin + channel + row * s->in_across, *const zero =
                                                                                      (const int8_t *)&s->zero;
    const uint32_t padding = hb_sxtb16((uint32_t)s->zero);
    uint32_t *const to = s->words + k, *const inner = to + s->left * pitch, *const right = inner + s->inner * pitch;
    if (has_upper || has_lower) {
        hb_pair_columns(has_upper ? first : zero, has_upper ? s->in_along : 0, has_lower ? first + s->in_across : zero,
                        has_lower ? s->in_along : 0, s->inner, inner, depth);
    } else if (pad) {
        hb_pair_padding(padding, s->inner, inner, depth);
    }
    if (pad) {
        hb_pair_padding(padding, s->left, to, depth);
        hb_pair_padding(padding, s->right, right, depth);
    }
}

#endif
