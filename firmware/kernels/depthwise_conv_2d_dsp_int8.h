/* DEPTHWISE_CONV_2D, int8, any window, with SMLAD.
 *
 * Pairs of rows of four channels are taken apart (hb_planes.h); then each channel is swept a row of outputs at a time,
 * four by four. The weights of two rows make words too: for outputs whose windows begin with the upper row of a pair,
 * and for those that begin with the lower one.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "channel_multiplier == 1", "in_channels >= 4", "dilation_h == 1", "dilation_w == 1",
 *   "2 * pair_depth > max(kernel_h, kernel_w)", "max(kernel_h, kernel_w) <= 32", "max(stride_h, stride_w) <= 8",
 *   "short_requantization",
 * ]
 * scratch = "16 * pair_depth * sweep_room + 4 * sweep_depth + 4 * sweep_weights + 4"
 * cycles = """
 *   in_channels * (55 + (5 + (3 if sweep_rows > 1 and stride_h % 2 == 1 else 0)) * sweep_weights
 *   + sweep_depth * (33 + 2.7 * sweep_columns) + sweep_rows * (2 + (sweep_along + 2) // 4 * (58 + 4 * sweep_weights)
 *   + (2.7 * sweep_weights if sweep_along % 4 == 1 else 0)))"""
 * arrays = ["sweep_taps"]
 * in_place = true
 */
#ifndef HB_DEPTHWISE_CONV_2D_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_DSP_INT8_H

#include "hb_planes.h"

/* The assembly wants constants, so that what holds it is specialised for every step; its twin in C needs one copy. */
#ifdef __ARM_FEATURE_DSP
#define HB_DW_BODY HB_KERNEL
#else
#define HB_DW_BODY HB_SHARED
#endif

/* The shape of windows, constant where the region is: taps and stride along, words between columns, rows and stride
 * across; pairs of rows of windows that begin with an upper row, and with a lower one. Outputs along, which lie `next`
 * bytes apart. */
typedef struct {
    int32_t taps, stride, pitch, rows, stride_across, upper, lower, along, next;
} hb_dw_window;

#define HB_DW_EVEN(words) (((words) + 1) / 2 * 2)

/* A compiler takes a statement to be as long as it has lines, and of those that are repeated it counts one. These make
 * up for 32 taps with a stride of 8, the most: six instructions a tap, four a column that windows begin with. */
#define HB_DW_LINES HB_TWICE(HB_TWICE(HB_TWICE(HB_TWICE("\n\n\n\n\n\n\n\n\n\n\n"))))

/* The multiplications of one tap: in turn t window i finds its column in register (i + t) % 4. */
#define HB_DW_TAP(turn, first, second, third, fourth)                                                                  \
    ".if (hb_tap & 3) == " turn "\n"                                                                                   \
    ".if hb_tap\n"                                                                                                     \
    "ldr.w %[" fourth "], [%[x], #4 * %c[pitch] * (hb_first + (hb_tap + 3) * %c[stride])]\n"                           \
    ".endif\n"                                                                                                         \
    "ldr.w %[w], [%[weights]], #4\n"                                                                                   \
    "smlad %[a], %[" first "], %[w], %[a]\n"                                                                           \
    "smlad %[b], %[" second "], %[w], %[b]\n"                                                                          \
    "smlad %[c], %[" third "], %[w], %[c]\n"                                                                           \
    "smlad %[d], %[" fourth "], %[w], %[d]\n"                                                                          \
    ".endif\n"

/* Four sums, of windows one stride apart. Taps that are a stride apart see the same columns one window further on, so
 * that each costs one load of a column and one of weights. Registers: four sums, four columns, one of weights, two
 * pointers, a counter. */
HB_KERNEL void hb_dw_four(const uint32_t *x, const uint32_t *weights, int32_t pairs, hb_dw_window k, int32_t sums[4])
{
#ifdef __ARM_FEATURE_DSP
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    uint32_t p, q, r, s, w;
    __asm volatile(".balign 4\n"
                   "1:\n"
                   ".set hb_first, 0\n"
                   ".rept %c[stride]\n"
                   "ldr.w %[p], [%[x], #4 * %c[pitch] * hb_first]\n"
                   "ldr.w %[q], [%[x], #4 * %c[pitch] * (hb_first + %c[stride])]\n"
                   "ldr.w %[r], [%[x], #4 * %c[pitch] * (hb_first + 2 * %c[stride])]\n"
                   "ldr.w %[s], [%[x], #4 * %c[pitch] * (hb_first + 3 * %c[stride])]\n"
                   ".set hb_tap, 0\n"
                   ".rept (%c[taps] - hb_first + %c[stride] - 1) / %c[stride]\n" HB_DW_TAP("0", "p", "q", "r", "s")
                       HB_DW_TAP("1", "q", "r", "s", "p") HB_DW_TAP("2", "r", "s", "p", "q")
                           HB_DW_TAP("3", "s", "p", "q", "r") ".set hb_tap, hb_tap + 1\n"
                                                              ".endr\n"
                                                              ".set hb_first, hb_first + 1\n"
                                                              ".endr\n"
                                                              "add.w %[x], %[x], #4\n"
                                                              "subs.w %[pairs], %[pairs], #1\n"
                                                              "bne.w 1b\n" HB_DW_LINES
                   : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [p] "=&r"(p), [q] "=&r"(q), [r] "=&r"(r),
                     [s] "=&r"(s), [w] "=&r"(w), [x] "+&r"(x), [weights] "+&r"(weights), [pairs] "+&r"(pairs)
                   : [taps] "i"(k.taps), [stride] "i"(k.stride), [pitch] "i"(k.pitch)
                   : "cc", "memory");
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
#else
    for (; pairs > 0; pairs--, x++) {
        for (int32_t first = 0; first < k.stride; first++) {
            for (int32_t tap = first; tap < k.taps; tap += k.stride, weights++) {
                for (int32_t i = 0; i < 4; i++) {
                    sums[i] = hb_smlad(x[(tap + i * k.stride) * k.pitch], *weights, sums[i]);
                }
            }
        }
    }
#endif
}

/* One sum. */
HB_KERNEL int32_t hb_dw_one(const uint32_t *x, const uint32_t *weights, int32_t pairs, hb_dw_window k, int32_t sum)
{
    for (; pairs > 0; pairs--, x++) {
#pragma GCC unroll 2
        for (int32_t first = 0; first < k.stride; first++) {
#pragma GCC unroll 8
            for (int32_t tap = first; tap < k.taps; tap += k.stride, weights++) {
                sum = hb_smlad(x[tap * k.pitch], *weights, sum);
            }
        }
    }
    return sum;
}

HB_KERNEL int8_t hb_dw_output(int32_t sum, hb_dsp_channel channel, const hb_conv_int8_args *p)
{
    const int8_t result = p->staircase ? hb_staircase_output(sum, channel) : hb_dsp_output(sum, channel);
    return p->low > INT8_MIN || p->high < INT8_MAX ? (int8_t)hb_clamp(result, p->low, p->high) : result;
}

/* A row of outputs. Where two or three are left, four are done that begin among those before them; in a row of fewer,
 * four of which the last see columns that nobody wrote, and are not kept. */
HB_KERNEL void hb_dw_row(const uint32_t *x, const uint32_t *weights, int32_t pairs, hb_dw_window k,
                         const hb_dsp_channel *channel, int8_t *out, const hb_conv_int8_args *p)
{
    const hb_dsp_channel c = *channel;
    const int32_t step = k.stride * k.pitch, next = k.next;
    for (int32_t left = k.along; left > 0; left -= 4) {
        if (left == 1) {
            *out = hb_dw_output(hb_dw_one(x, weights, pairs, k, c.bias), c, p);
            break;
        }
        const int32_t back = left < 4 && k.along > 3 ? 4 - left : 0;
        int32_t sums[4] = {c.bias, c.bias, c.bias, c.bias};
        x -= back * step, out -= back * next;
        hb_dw_four(x, weights, pairs, k, sums);
#pragma GCC unroll 4
        for (int32_t i = 0; i < 4; i++, out += next) {
            if (k.along > i) {
                *out = hb_dw_output(sums[i], c, p);
            }
        }
        x += 4 * step;
    }
}

/* Words of weights, times 256 for a staircase or times 2, for both beginnings, or where there is no place for the lower
 * one, for one. What follows them in the record. */
HB_KERNEL const int32_t *hb_dw_weights(const int32_t *record, hb_dw_window k, uint32_t *upper, uint32_t *lower,
                                       int staircase)
{
    const int32_t count = k.taps * k.upper;
#pragma GCC unroll 4
    for (int32_t i = 0; i < count; i += 2, record++) {
        const uint32_t word = (uint32_t)*record;
        const uint32_t even = staircase ? word << 8 & 0xff00ff00 : hb_sadd16(hb_sxtb16(word), hb_sxtb16(word));
        const uint32_t odd = staircase ? word & 0xff00ff00 : hb_sadd16(hb_sxtb16_odd(word), hb_sxtb16_odd(word));
        upper[i] = hb_low_halves(even, odd);
        upper[i + 1] = hb_high_halves(even, odd);
    }
    if (lower != NULL) {
        for (int32_t i = 0; i < k.taps; i++) {
            uint32_t above = 0;
            for (int32_t at = i; at < k.taps * k.lower; at += k.taps) {
                const uint32_t here = at < count ? upper[at] : 0;
                lower[at] = hb_low_halves(above >> 16, here);
                above = here;
            }
        }
    }
    return record;
}

/* Rows of outputs from `first` on, before `last`, of one channel whose pairs of rows begin at `x`. */
HB_KERNEL void hb_dw_channel(const hb_sweep *s, const int32_t *record, const uint32_t *x, uint32_t *weights,
                             int8_t *out, hb_span rows, hb_dw_window k, const hb_conv_int8_args *p)
{
    uint32_t *const lower = k.lower > 0 && s->across > 1 ? weights + HB_DW_EVEN(k.taps * k.upper) : NULL;
    const int32_t *const rest = hb_dw_weights(record, k, weights, lower, p->staircase);
    const hb_dsp_channel channel = p->staircase ? hb_staircase_channel_of(rest[0], rest[1], rest[2])
                                                : hb_dsp_channel_of(rest[0], rest[1], rest[2], s->output_offset);
    for (int32_t row = rows.first; row < rows.last; row++) {
        const int32_t top = row * k.stride_across, low = top & 1;
        hb_dw_row(x + top / 2, low ? lower : weights, low ? k.lower : k.upper, k, &channel, out + row * s->out_across,
                  p);
    }
}

HB_KERNEL hb_dw_window hb_dw_window_of(hb_view out, hb_region at, const hb_conv_int8_args *p)
{
    const int32_t rows = p->tall ? p->kernel_w : p->kernel_h, stride = p->tall ? p->stride_w : p->stride_h;
    return (hb_dw_window){
        .taps = p->tall ? p->kernel_h : p->kernel_w,
        .stride = p->tall ? p->stride_h : p->stride_w,
        .pitch = 4 * p->pair_depth,
        .rows = rows,
        .stride_across = stride,
        .upper = (rows + 1) / 2,
        .lower = stride % 2 != 0 ? rows / 2 + 1 : 0,
        .along = p->tall ? at.y1 - at.y0 : at.x1 - at.x0,
        .next = (p->tall ? out.cols : 1) * p->in_channels,
    };
}

/* The last pair that row `row` of outputs sees. */
HB_KERNEL int32_t hb_dw_last_pair(hb_dw_window k, int32_t row)
{
    return (row * k.stride_across + k.rows - 1) / 2;
}

HB_DW_BODY void hb_dw_region(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                             void *scratch)
{
    const hb_dw_window k = hb_dw_window_of(*out, at, p);
    const int32_t depth = p->pair_depth, record = (k.taps * k.upper + 1) / 2 + 3;
    hb_sweep s = hb_sweep_of(*in, *out, at, p, scratch);
    uint32_t *const weights = scratch;
    s.words = weights + HB_DW_EVEN(k.taps * k.upper) + k.taps * k.lower;
    const int32_t pairs = hb_dw_last_pair(k, s.across - 1) + 1;
    for (int32_t channel = 0; channel < s.channels; channel += 4) {
        /* The last group begins earlier where fewer than four channels are left, and what is done is left out. */
        const int32_t group = hb_clamp(s.channels - 4, 0, channel);
        hb_span rows = {0, 0};
        for (int32_t made = 0; rows.first < s.across; rows.first = rows.last) {
            const int32_t room = rows.first * k.stride_across / 2 + depth;
            while (rows.last < s.across && hb_dw_last_pair(k, rows.last) < room) {
                rows.last++;
            }
            for (; made <= hb_dw_last_pair(k, rows.last - 1); made++) {
                hb_pair_make(&s, group, made, depth, channel == 0 || pairs > depth);
            }
            for (int32_t i = channel - group; i < 4; i++) {
                hb_dw_channel(&s, p->sweep_taps + record * (group + i), s.words + depth * i, weights, s.out + group + i,
                              rows, k, p);
            }
        }
    }
}

HB_KERNEL void hb_depthwise_conv_2d_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                             void *scratch)
{
    hb_dw_region(&in, &out, at, p, scratch);
}

#endif
