/* DEPTHWISE_CONV_2D, int8, any window, with SMLAD: four channels of a pixel at a time, straight from the input, without
 * working space. What a pixel costs hardly depends on how many there are: for pieces, and for small maps.
 *
 * Two taps of four channels are two words of the input; halfwords of both make the pairs that SMLAD multiplies. Weights
 * lie in flash in the order in which they are read, two channels of two taps a word, and what four channels need for
 * their outputs follows them.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["channel_multiplier == 1", "in_channels >= 4", "kernel_h * kernel_w <= 64", "short_requantization"]
 * cycles = """
 *   100 * out_rows + out_rows * out_cols * (53 + (in_channels + 3) // 4
 *   * ((158 if kernel_h * kernel_w == 9 else 75 + 14.6 * kernel_h * kernel_w) + 17 * (1 - staircase)))
 *   + 270 * (out_cols * (out_rows * kernel_h - inside_rows) + out_rows * (out_cols * kernel_w - inside_cols))"""
 * arrays = ["pixel_records", "pixel_padding"]
 */
#ifndef HB_DEPTHWISE_CONV_2D_PIXEL_DSP_INT8_H
#define HB_DEPTHWISE_CONV_2D_PIXEL_DSP_INT8_H

#include "hb_dsp.h"
#include "hb_places.h"

enum { HB_DWP_TAPS = 64, HB_DWP_STAIRCASE_WORDS = 3, HB_DWP_DOUBLED_WORDS = 4 };

/* `count` pixels that lie `step` bytes apart in the input: the window of the first begins at `x`, and its taps lie
 * `places` from there. A record holds `words` for four channels. */
typedef struct {
    const int8_t *x;
    int8_t *out;
    const int32_t *places, *records;
    int32_t taps, channels, words, count, step;
} hb_dwp_run;

/* Two taps, times two channels in the words x of pixels and u of weights. Registers: four sums, six of work. */
#define HB_DWP_TWO_CHANNELS(PRODUCTS, first, second, x, u)                                                             \
    "sxtb16 %[p], %[" x "]\n"                                                                                          \
    "sxtb16 %[" x "], %[" x "], ror #8\n"                                                                              \
    "sxtb16 %[t], %[" u "]\n"                                                                                          \
    "sxtb16 %[" u "], %[" u "], ror #8\n" PRODUCTS(first, "p", "t") PRODUCTS(second, x, u)
#define HB_DWP_BEGIN(sum, x, u) "smuad %[" sum "], %[" x "], %[" u "]\n"
#define HB_DWP_ADD(sum, x, u) "smlad %[" sum "], %[" x "], %[" u "], %[" sum "]\n"
/* The next two taps, times four channels; the list goes on. */
#define HB_DWP_PAIR(PRODUCTS)                                                                                          \
    "ldr.w %[s], [%[at]], #4\n"                                                                                        \
    "ldr.w %[t], [%[at]], #4\n"                                                                                        \
    "ldr.w %[u], [%[w]], #4\n"                                                                                         \
    "ldr.w %[v], [%[w]], #4\n"                                                                                         \
    "ldr.w %[p], [%[x], %[s]]\n"                                                                                       \
    "ldr.w %[q], [%[x], %[t]]\n"                                                                                       \
    "pkhbt %[s], %[p], %[q], lsl #16\n"                                                                                \
    "pkhtb %[q], %[q], %[p], asr #16\n" HB_DWP_TWO_CHANNELS(PRODUCTS, "a", "b", "s", "u")                              \
        HB_DWP_TWO_CHANNELS(PRODUCTS, "c", "d", "q", "v")
/* The last of an odd number of taps. */
#define HB_DWP_SINGLE                                                                                                  \
    "ldr.w %[s], [%[at]]\n"                                                                                            \
    "ldr.w %[u], [%[w]], #4\n"                                                                                         \
    "ldr.w %[q], [%[x], %[s]]\n"                                                                                       \
    "sxtb16 %[p], %[q]\n"                                                                                              \
    "sxtb16 %[q], %[q], ror #8\n"                                                                                      \
    "sxtb16 %[t], %[u]\n"                                                                                              \
    "sxtb16 %[u], %[u], ror #8\n"                                                                                      \
    "smlabb %[a], %[p], %[t], %[a]\n"                                                                                  \
    "smlabb %[b], %[q], %[u], %[b]\n"                                                                                  \
    "smlatt %[c], %[p], %[t], %[c]\n"                                                                                  \
    "smlatt %[d], %[q], %[u], %[d]\n"

/* Outputs of four sums. */
#define HB_DWP_STAIRCASE(sum)                                                                                          \
    "ldr.w %[s], [%[w]], #4\n"                                                                                         \
    "ldr.w %[t], [%[w]], #4\n"                                                                                         \
    "ldr.w %[u], [%[w]], #4\n"                                                                                         \
    "add.w %[" sum "], %[s], %[" sum "], lsl #8\n" HB_STAIRCASE_ASM(sum, "t", "u") "strb.w %[" sum "], [%[out]], #1\n"
#define HB_DWP_DOUBLED(sum)                                                                                            \
    "ldr.w %[s], [%[w]], #4\n"                                                                                         \
    "ldr.w %[t], [%[w]], #4\n"                                                                                         \
    "ldr.w %[u], [%[w]], #4\n"                                                                                         \
    "ldr.w %[v], [%[w]], #4\n"                                                                                         \
    "add.w %[" sum "], %[s], %[" sum "], lsl #1\n"                                                                     \
    "add.w %[u], %[u], %[" sum "], asr #31\n"                                                                          \
    "smmlar %[" sum "], %[" sum "], %[t], %[u]\n"                                                                      \
    "asr.w %[" sum "], %[" sum "], %[v]\n"                                                                             \
    "ssat %[" sum "], #8, %[" sum "]\n"                                                                                \
    "strb.w %[" sum "], [%[out]], #1\n"
#define HB_DWP_FOUR(OUTPUT) OUTPUT("a") OUTPUT("b") OUTPUT("c") OUTPUT("d")

/* Four channels a round. Registers: four sums, six of work, four pointers: all fourteen. */
#define HB_DWP_CHANNELS(SUMS, OUTPUT)                                                                                  \
    __asm volatile(                                                                                                    \
        ".balign 4\n"                                                                                                  \
        "1:\n"                                                                                                         \
        "ldr.w %[at], %[places]\n" SUMS HB_DWP_FOUR(OUTPUT) "ldr.w %[s], %[end]\n"                                     \
                                                            "add.w %[x], %[x], #4\n"                                   \
                                                            "cmp.w %[w], %[s]\n"                                       \
                                                            "bne.w 1b\n"                                               \
        : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [p] "=&r"(p), [q] "=&r"(q), [s] "=&r"(s),            \
          [t] "=&r"(t), [u] "=&r"(u), [v] "=&r"(v), [x] "+r"(x), [out] "+r"(out), [w] "+r"(w), [at] "=&r"(at)          \
        : [places] "m"(places), [paired] "m"(paired), [odd] "m"(odd), [end] "m"(end)                                   \
        : "cc", "memory")

#define HB_DWP_NINE HB_DWP_PAIR(HB_DWP_BEGIN) HB_DWP_PAIR(HB_DWP_ADD) HB_TWICE(HB_DWP_PAIR(HB_DWP_ADD)) HB_DWP_SINGLE
#define HB_DWP_ANY                                                                                                     \
    "mov.w %[a], #0\n"                                                                                                 \
    "mov.w %[b], #0\n"                                                                                                 \
    "mov.w %[c], #0\n"                                                                                                 \
    "mov.w %[d], #0\n"                                                                                                 \
    "b.w 3f\n"                                                                                                         \
    "2:\n" HB_DWP_PAIR(HB_DWP_ADD) "3:\n"                                                                              \
                                   "ldr.w %[s], %[paired]\n"                                                           \
                                   "cmp.w %[at], %[s]\n"                                                               \
                                   "bne.w 2b\n"                                                                        \
                                   "ldr.w %[s], %[odd]\n"                                                              \
                                   "cmp.w %[s], #0\n"                                                                  \
                                   "beq.w 4f\n" HB_DWP_SINGLE "4:\n"

/* Weights of channel `i` of a record, for tap `tap`. */
HB_KERNEL int32_t hb_dwp_weight(const int8_t *record, int32_t taps, int32_t tap, int32_t i)
{
    return tap == taps - 1 && taps % 2 != 0 ? record[4 * tap + i]
                                            : record[8 * (tap / 2) + 4 * (i / 2) + 2 * (tap % 2) + i % 2];
}

/* The channels of records from `w` on, before `end`: those of the pixel whose window begins at `x`. */
HB_KERNEL void hb_dwp_channels(const hb_dwp_run *r, const int8_t *x, const int32_t *w, const int32_t *end, int8_t *out,
                               int nine, int staircase)
{
    const int32_t *const places = r->places;
#ifdef __ARM_FEATURE_DSP
    const int32_t *const paired = places + (r->taps & ~1), odd = r->taps & 1, *at;
    int32_t a, b, c, d;
    uint32_t p, q, s, t, u, v;
    if (nine && staircase) {
        HB_DWP_CHANNELS(HB_DWP_NINE, HB_DWP_STAIRCASE);
    } else if (nine) {
        HB_DWP_CHANNELS(HB_DWP_NINE, HB_DWP_DOUBLED);
    } else if (staircase) {
        HB_DWP_CHANNELS(HB_DWP_ANY, HB_DWP_STAIRCASE);
    } else {
        HB_DWP_CHANNELS(HB_DWP_ANY, HB_DWP_DOUBLED);
    }
#else
    (void)nine;
    for (; w < end; w += r->words, x += 4, out += 4) {
        for (int32_t i = 0; i < 4; i++) {
            const int32_t words = staircase ? HB_DWP_STAIRCASE_WORDS : HB_DWP_DOUBLED_WORDS;
            const int32_t *const rest = w + r->taps + words * i;
            uint32_t sum = 0;
            for (int32_t tap = 0; tap < r->taps; tap++) {
                sum += (uint32_t)(x[places[tap] + i] * hb_dwp_weight((const int8_t *)w, r->taps, tap, i));
            }
            const hb_dsp_channel channel = {0, rest[1], rest[2], staircase ? 0 : rest[3]};
            const int32_t whole = (int32_t)((uint32_t)rest[0] + sum * (staircase ? 256 : 2));
            out[i] = staircase ? hb_staircase_output(whole, channel) : hb_dsp_output(whole, channel);
        }
    }
#endif
}

/* Where fewer than four channels are left, the last record is of four that begin among those before them. */
HB_KERNEL void hb_dwp_pixels(const hb_dwp_run *r, int nine, int staircase)
{
    const int32_t whole = r->channels & ~3;
    const int8_t *x = r->x;
    int8_t *out = r->out;
    for (int32_t i = 0; i < r->count; i++, x += r->step, out += r->channels) {
        const int32_t *const end = r->records + whole / 4 * r->words;
        hb_dwp_channels(r, x, r->records, end, out, nine, staircase);
        if (whole != r->channels) {
            hb_dwp_channels(r, x + r->channels - 4, end, end + r->words, out + r->channels - 4, nine, staircase);
        }
    }
}

HB_SHARED void hb_dwp_nine_staircase(const hb_dwp_run *r)
{
    hb_dwp_pixels(r, 1, 1);
}

HB_SHARED void hb_dwp_nine_doubled(const hb_dwp_run *r)
{
    hb_dwp_pixels(r, 1, 0);
}

HB_SHARED void hb_dwp_any_staircase(const hb_dwp_run *r)
{
    hb_dwp_pixels(r, 0, 1);
}

HB_SHARED void hb_dwp_any_doubled(const hb_dwp_run *r)
{
    hb_dwp_pixels(r, 0, 0);
}

HB_KERNEL void hb_dwp_outputs(const hb_dwp_run *r, const hb_conv_int8_args *p)
{
    if (r->taps == 9) {
        (p->staircase ? hb_dwp_nine_staircase : hb_dwp_nine_doubled)(r);
    } else {
        (p->staircase ? hb_dwp_any_staircase : hb_dwp_any_doubled)(r);
    }
    if (p->low > INT8_MIN || p->high < INT8_MAX) {
        for (int32_t i = 0; i < r->count * r->channels; i++) {
            r->out[i] = (int8_t)hb_clamp(r->out[i], p->low, p->high);
        }
    }
}

/* Outputs of a row whose windows lie inside of the tensor. */
HB_KERNEL hb_span hb_dwp_inside(int32_t top, hb_region at, const hb_conv_int8_args *p)
{
    const int32_t wide = (p->kernel_w - 1) * p->dilation_w, room = p->in_cols - 1 - wide + p->pad_left;
    const int rows = top >= 0 && top + (p->kernel_h - 1) * p->dilation_h < p->in_rows;
    const int32_t first = hb_clamp((p->pad_left + p->stride_w - 1) / p->stride_w, at.x0, at.x1);
    const int32_t last = room < 0 ? 0 : room / p->stride_w + 1;
    return (hb_span){first, rows ? hb_clamp(last, first, at.x1) : first};
}

HB_KERNEL void hb_depthwise_conv_2d_pixel_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p)
{
    int32_t places[HB_DWP_TAPS];
    const int32_t channels = p->in_channels, taps = p->kernel_h * p->kernel_w;
    const int32_t words = taps + 4 * (p->staircase ? HB_DWP_STAIRCASE_WORDS : HB_DWP_DOUBLED_WORDS);
    hb_dwp_run run = {NULL, NULL, places, p->pixel_records, taps, channels, words, 1, p->stride_w * channels};
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span inside = hb_dwp_inside(top, at, p);
        for (int32_t x = at.x0; x < at.x1; x += run.count) {
            const int32_t left = x * p->stride_w - p->pad_left;
            run.x = (const int8_t *)in.data + hb_at(&in, top, left, channels);
            run.out = (int8_t *)out.data + hb_at(&out, y, x, channels);
            run.count = x == inside.first && inside.last > x ? inside.last - x : 1;
            hb_places(top, left, in.cols, (int32_t)(p->pixel_padding - run.x), places, p);
            hb_dwp_outputs(&run, p);
        }
    }
}

#endif
