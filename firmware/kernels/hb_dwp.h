/* Depthwise convolutions pixel by pixel, four channels at a time, straight from the input.
 *
 * Two taps of four channels are two words of the input; halfwords of both make the pairs that SMLAD multiplies. Weights
 * lie in flash in the order in which they are read, two channels of two taps a word, and what four channels need for
 * their outputs follows them.
 */
#ifndef HB_DWP_H
#define HB_DWP_H

#include "hb_dsp.h"
#include "hb_places.h"

enum { HB_DWP_TAPS = 64 };

/* Words of a channel's bias, multiplier, addend, and shift where outputs are no staircase. */
HB_KERNEL int32_t hb_dwp_output_words(int staircase)
{
    return staircase ? 3 : 4;
}

/* `count` pixels that lie `step` bytes apart in the input: the window of the first begins at `x`, and its taps lie
 * `places` from there. A record holds `words` for four channels; there may be others, for two (hb_dwx.h). */
typedef struct {
    const int8_t *x;
    int8_t *out;
    const int32_t *places, *records, *pair_records;
    int32_t taps, channels, words, count, step;
} hb_dwp_run;

/* Some of the channels of a run: those of records from `first` on, before `end`. From the last of a pixel to the first of
 * the next it is so many bytes in the input and in the output. */
typedef struct {
    const int32_t *first, *end;
    int32_t x_step, out_step;
} hb_dwp_part;

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

/* Four channels a round, then the next pixel. Registers: four sums, six of work, four pointers: all fourteen. */
#define HB_DWP_CHANNELS(SUMS, OUTPUT)                                                                                  \
    __asm volatile("0:\n"                                                                                              \
                   "ldr.w %[w], %[first]\n"                                                                            \
                   ".balign 4\n"                                                                                       \
                   "1:\n"                                                                                              \
                   "ldr.w %[at], %[places]\n" SUMS HB_DWP_FOUR(OUTPUT) "ldr.w %[s], %[end]\n"                          \
                                                                       "add.w %[x], %[x], #4\n"                        \
                                                                       "cmp.w %[w], %[s]\n"                            \
                                                                       "bne.w 1b\n"                                    \
                                                                       "ldr.w %[s], %[x_step]\n"                       \
                                                                       "ldr.w %[t], %[out_step]\n"                     \
                                                                       "ldr.w %[u], %[count]\n"                        \
                                                                       "add.w %[x], %[x], %[s]\n"                      \
                                                                       "add.w %[out], %[out], %[t]\n"                  \
                                                                       "subs.w %[u], %[u], #1\n"                       \
                                                                       "str.w %[u], %[count]\n"                        \
                                                                       "bne.w 0b\n"                                    \
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [p] "=&r"(p), [q] "=&r"(q), [s] "=&r"(s), \
                     [t] "=&r"(t), [u] "=&r"(u), [v] "=&r"(v), [x] "+r"(x), [out] "+r"(out), [w] "=&r"(w),             \
                     [at] "=&r"(at), [count] "+m"(count)                                                               \
                   : [places] "m"(places), [paired] "m"(paired), [odd] "m"(odd), [first] "m"(part.first),              \
                     [end] "m"(part.end), [x_step] "m"(part.x_step), [out_step] "m"(part.out_step)                     \
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

/* The output of a sum; the channel's bias, multiplier and so on lie at `rest`. */
HB_KERNEL int8_t hb_dwp_finish(uint32_t sum, const int32_t *rest, int staircase)
{
    const int32_t whole = (int32_t)((uint32_t)rest[0] + sum * (staircase ? 256 : 2));
    const hb_dsp_channel channel = {0, rest[1], rest[2], staircase ? 0 : rest[3]};
    return staircase ? hb_staircase_output(whole, channel) : hb_dsp_output(whole, channel);
}

/* Output of channel `i` of a record, of a window that begins at `x`. */
HB_KERNEL int8_t hb_dwp_output(const int8_t *x, const int32_t *places, const int32_t *record, int32_t i, int32_t taps,
                               int staircase)
{
    const int8_t *const weights = (const int8_t *)record;
    const int32_t *const rest = record + taps + i * hb_dwp_output_words(staircase);
    uint32_t sum = 0;
    for (int32_t tap = 0; tap < taps; tap++) {
        const int single = tap == taps - 1 && taps % 2 != 0;
        const int32_t at = single ? 4 * tap + i : 8 * (tap / 2) + 4 * (i / 2) + 2 * (tap % 2) + i % 2;
        sum += (uint32_t)(x[places[tap]] * weights[at]);
    }
    return hb_dwp_finish(sum, rest, staircase);
}

/* A part of the channels of all pixels. */
HB_KERNEL void hb_dwp_channels(const hb_dwp_run *r, const int8_t *x, int8_t *out, hb_dwp_part part, int nine,
                               int staircase)
{
    const int32_t *const places = r->places, *w;
    int32_t count = r->count;
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
    for (; count > 0; count--, x += part.x_step, out += part.out_step) {
        for (w = part.first; w < part.end; w += r->words, x += 4, out += 4) {
            for (int32_t i = 0; i < 4; i++) {
                out[i] = hb_dwp_output(x + i, places, w, i, r->taps, staircase);
            }
        }
    }
#endif
}

/* Where fewer than four channels are left, the last record is of four that begin among those before them. */
HB_KERNEL void hb_dwp_pixels(const hb_dwp_run *r, int nine, int staircase)
{
    const int32_t fours = r->channels & ~3, left = r->channels & 3;
    const int32_t *const end = r->records + fours / 4 * r->words;
    hb_dwp_part part = {r->records, end, r->step - fours, left};
    int32_t from = 0;
    for (;;) {
        hb_dwp_channels(r, r->x + from, r->out + from, part, nine, staircase);
        if (from > 0 || left == 0) {
            break;
        }
        from = r->channels - 4;
        part = (hb_dwp_part){end, end + r->words, r->step - 4, from};
    }
}

/* `count` pixels from (y, x) on, whose windows see the tensor in the same way. They may begin before it, where nothing is
 * read. */
HB_KERNEL hb_dwp_run hb_dwp_run_of(const hb_view *in, const hb_view *out, int32_t y, int32_t x, int32_t count,
                                   const int32_t *places, const hb_conv_int8_args *p)
{
    const int32_t channels = p->in_channels, taps = p->kernel_h * p->kernel_w;
    const int32_t first = hb_at(in, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left, channels);
    return (hb_dwp_run){
        .x = (const int8_t *)((uintptr_t)in->data + (uintptr_t)first),
        .out = (int8_t *)out->data + hb_at(out, y, x, channels),
        .places = places,
        .records = p->pixel_records,
        .pair_records = p->pixel_pair_records,
        .taps = taps,
        .channels = channels,
        .words = taps + 4 * hb_dwp_output_words(p->staircase),
        .count = count,
        .step = p->stride_w * channels,
    };
}

HB_KERNEL void hb_dwp_limit(const hb_dwp_run *r, const hb_conv_int8_args *p)
{
    if (p->low > INT8_MIN || p->high < INT8_MAX) {
        for (int32_t i = 0; i < r->count * r->channels; i++) {
            r->out[i] = (int8_t)hb_clamp(r->out[i], p->low, p->high);
        }
    }
}

/* Of `at` what lies outside of `inner`, one by one: the outputs of windows that reach over an edge. The arguments are
 * copied, so that the compiler sees that nothing changes them. */
HB_KERNEL void hb_dwp_edge(const hb_view *in, const hb_view *out, hb_region at, const hb_region *inner,
                           const hb_conv_int8_args *args, int three_by_three, void (*pixels)(const hb_dwp_run *))
{
    const hb_view from = *in, to = *out;
    const hb_region skipped = *inner;
    hb_conv_int8_args known = *args;
    const hb_conv_int8_args *const p = &known;
    if (three_by_three) {
        known.kernel_h = 3, known.kernel_w = 3;
    }
    int32_t places[HB_DWP_TAPS];
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        const int32_t gap = y >= skipped.y0 && y < skipped.y1 ? skipped.x1 - skipped.x0 : 0;
        const int32_t begin = at.x0 + (at.x0 == skipped.x0 ? gap : 0);
        for (int32_t x = begin; x < at.x1; x += x + 1 == skipped.x0 ? 1 + gap : 1) {
            const hb_span cols = hb_taps(x * p->stride_w - p->pad_left, p->dilation_w, p->kernel_w, p->in_cols);
            const hb_dwp_run run = hb_dwp_run_of(&from, &to, y, x, 1, places, p);
            hb_places(&from, top, rows, cols, (int32_t)(p->pixel_padding - run.x), places, p);
            pixels(&run);
            hb_dwp_limit(&run, p);
        }
    }
}

/* One copy of each serves all steps: windows of 3x3 or any, and either requantization. */
#define HB_DWP_SHARED(name, nine, staircase)                                                                           \
    HB_SHARED void hb_dwp_pixels_##name(const hb_dwp_run *r)                                                           \
    {                                                                                                                  \
        hb_dwp_pixels(r, nine, staircase);                                                                             \
    }                                                                                                                  \
    HB_SHARED void hb_dwp_edge_##name(const hb_view *in, const hb_view *out, hb_region at, const hb_region *inner,     \
                                      const hb_conv_int8_args *p)                                                      \
    {                                                                                                                  \
        hb_dwp_edge(in, out, at, inner, p, nine, hb_dwp_pixels_##name);                                                \
    }
HB_DWP_SHARED(nine_staircase, 1, 1)
HB_DWP_SHARED(nine_doubled, 1, 0)
HB_DWP_SHARED(any_staircase, 0, 1)
HB_DWP_SHARED(any_doubled, 0, 0)
#undef HB_DWP_SHARED

/* Of outputs first <= i < stop along an axis those whose windows lie inside of the tensor. */
HB_KERNEL hb_range hb_dwp_inner(int32_t first, int32_t stop, int32_t pad, int32_t stride, int32_t extent,
                                int32_t inputs)
{
    const int32_t last = inputs < extent ? 0 : (inputs - extent + pad) / stride + 1;
    const int32_t begin = hb_clamp((pad + stride - 1) / stride, first, stop);
    return (hb_range){(int16_t)begin, (int16_t)hb_clamp(last, begin, stop)};
}

/* `row` is done of pixels inside, `edge` of the others. */
HB_KERNEL void hb_dwp_region(const hb_view *in, const hb_view *out, hb_region at, const hb_conv_int8_args *p,
                             void (*row)(const hb_dwp_run *),
                             void (*edge)(const hb_view *, const hb_view *, hb_region, const hb_region *,
                                          const hb_conv_int8_args *))
{
    const int32_t high = (p->kernel_h - 1) * p->dilation_h + 1, wide = (p->kernel_w - 1) * p->dilation_w + 1;
    const hb_range rows = hb_dwp_inner(at.y0, at.y1, p->pad_top, p->stride_h, high, p->in_rows);
    const hb_range cols = hb_dwp_inner(at.x0, at.x1, p->pad_left, p->stride_w, wide, p->in_cols);
    const int32_t count = cols.stop - cols.first;
    if (rows.stop - rows.first < at.y1 - at.y0 || count < at.x1 - at.x0) {
        const hb_region inner = hb_part(rows, cols);
        edge(in, out, at, &inner, p);
    }
    for (int32_t y = rows.first; y < (count > 0 ? rows.stop : 0); y++) {
        int32_t places[HB_DWP_TAPS];
        hb_places(in, y * p->stride_h - p->pad_top, (hb_span){0, p->kernel_h}, (hb_span){0, p->kernel_w}, 0, places, p);
        const hb_dwp_run run = hb_dwp_run_of(in, out, y, cols.first, count, places, p);
        row(&run);
        hb_dwp_limit(&run, p);
    }
}

#endif
